/**
 * What the operating system's refusal of a file means to the reader: words in place of a code.
 */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  ENOSPC: 'no space is left on its disk',
  EDQUOT: 'the quota of its disk is used up',
  EFBIG: 'it would be larger than a file may be',
  EISDIR: 'it is a folder, a file is expected',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'its symbolic links go in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENXIO: 'it is a socket or a device that is not there',
  EMFILE: 'too many files are open (see ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  EPIPE: 'nobody reads from it any more',
  EAGAIN: 'it has nothing to read at present',
  EBUSY: 'it is in use',
  ETXTBSY: 'it is in use',
  EMLINK: 'it has too many links',
  ESTALE: 'it was removed on the server that it comes from',
  ENODEV: 'there is no such device',
  EINVAL: 'its file system cannot do that',
  EIO: 'its disk failed (input/output error)',
};

/** Why a call for a file failed, to stand after `... cannot be read: `. */
export const refusalReason = (error: unknown): string => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  // As `EFAULT: bad address in system call argument, read` has it.
  return REASONS[code] ?? message.replace(/^(E[A-Z0-9]+): (.*?)(?:, \w+.*)?$/, '$2 ($1)');
};
