/**
 * Fields of HTTP/1.1 that frame a message, and their words, in lower case, as bytes: what reads requests and what reads
 * answers look for the same.
 */
export const CONTENT_LENGTH = Buffer.from('content-length');
export const TRANSFER_ENCODING = Buffer.from('transfer-encoding');
export const CONNECTION = Buffer.from('connection');
export const CHUNKED = Buffer.from('chunked');
