/**
 * Whether a service answers: one request, asked again and again while it starts.
 */
import { connect } from 'node:net';

/** Sends a request on a connection of its own. @returns whether the answer is 200; false when nobody listens */
export const isAnswered = (port: number, request: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (part) => {
      resolve(part.toString('latin1').startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
