/**
 * Pickles that try to run code, and the parts that they are made of.
 */

export const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
export const protocol4 = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat([
    Uint8Array.of(0x80, 4),
    ...parts.map((part) => (typeof part === 'string' ? ascii(part) : Uint8Array.from(part))),
  ]);
export const short = (text: string): number[] => [0x8c, text.length, ...ascii(text)];
export const u32 = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];
export const stackGlobal = (module: string, name: string): number[] => [
  ...short(module),
  ...short(name),
  0x93,
];

/** A joblib array of objects, whose objects are the next pickle in the stream. */
export const objectArray = [
  0x80,
  4,
  ...stackGlobal('joblib.numpy_pickle', 'NumpyArrayWrapper'),
  ...[0x29, 0x81, 0x7d, 0x28],
  ...short('dtype'),
  ...stackGlobal('numpy', 'dtype'),
  ...short('O8'),
  ...[0x85, 0x52],
  ...short('shape'),
  ...[0x4b, 1, 0x85],
  ...[0x75, 0x62],
];

/** What it does, the file, and what the refusal names. */
export const RUNNING: readonly (readonly [string, Uint8Array, string])[] = [
  ['os.system by GLOBAL', ascii("cos\nsystem\n(S'id'\ntR."), 'os.system'],
  [
    'posix.system by STACK_GLOBAL',
    protocol4(stackGlobal('posix', 'system'), short('id'), [0x85, 0x52, 0x2e]),
    'posix.system',
  ],
  [
    'builtins.eval',
    protocol4(stackGlobal('builtins', 'eval'), short('1'), [0x85, 0x52, 0x2e]),
    'builtins.eval',
  ],
  ['__builtin__.exec of Python 2', ascii("c__builtin__\nexec\n(S'1'\ntR."), 'builtins.exec'],
  ['INST', ascii("(S'id'\nios\nsystem\n."), 'os.system'],
  ['OBJ', ascii("(cos\nsystem\nS'id'\no."), 'os.system'],
  [
    'NEWOBJ',
    protocol4(stackGlobal('subprocess', 'Popen'), short('id'), [0x85, 0x81, 0x2e]),
    'subprocess.Popen',
  ],
  [
    'NEWOBJ_EX',
    protocol4(stackGlobal('subprocess', 'Popen'), [0x29, 0x7d, 0x92, 0x2e]),
    'subprocess.Popen',
  ],
  [
    'a dotted name inside a known class',
    protocol4(stackGlobal('sklearn.tree._tree', 'Tree.__init__.__globals__'), [0x2e]),
    'Tree.__init__',
  ],
  [
    'a known function of a known library',
    protocol4(stackGlobal('sklearn.utils', '_joblib.os.system'), [0x2e]),
    'os.system',
  ],
  [
    'numpy.testing runstring',
    ascii("cnumpy.testing._private.utils\nrunstring\n(S'1'\n}tR."),
    'runstring',
  ],
  [
    'copyreg._extension_registry',
    protocol4(stackGlobal('copyreg', 'add_extension'), [0x2e]),
    'copyreg.add_extension',
  ],
  [
    'getattr of a class',
    protocol4(
      stackGlobal('builtins', 'getattr'),
      stackGlobal('sklearn.pipeline', 'Pipeline'),
      short('__subclasses__'),
      [0x86, 0x52, 0x2e],
    ),
    'builtins.getattr',
  ],
  [
    'getattr of what every object has, of a distribution',
    protocol4(
      stackGlobal('builtins', 'getattr'),
      stackGlobal('scipy.stats._continuous_distns', 'uniform_gen'),
      [0x29, 0x81],
      short('__class__'),
      [0x86, 0x52, 0x2e],
    ),
    'builtins.getattr',
  ],
  ['numpy.load', protocol4(stackGlobal('numpy', 'load'), [0x2e]), 'numpy.load'],
  ['getattr', protocol4(stackGlobal('builtins', 'getattr'), [0x2e]), 'builtins.getattr'],
  [
    'operator.attrgetter',
    protocol4(stackGlobal('operator', 'attrgetter'), [0x2e]),
    'operator.attrgetter',
  ],
  [
    'importlib',
    protocol4(stackGlobal('importlib', 'import_module'), [0x2e]),
    'importlib.import_module',
  ],
  [
    'a shell hidden inside a list of a tuple of a dictionary',
    protocol4([0x5d, 0x7d, ...short('a')], stackGlobal('os', 'popen'), [0x73, 0x61, 0x2e]),
    'os.popen',
  ],
  ['a persistent id', ascii('Pid\n.'), 'persistent id'],
  ['a persistent id on the stack', protocol4(short('x'), [0x51, 0x2e]), 'persistent id'],
  ['extension codes', protocol4([0x82, 1, 0x2e]), 'extension code'],
  ['extension codes of four bytes', protocol4([0x84, 1, 0, 0, 0, 0x2e]), 'extension code'],
  ['a call of what is no class', protocol4([0x4b, 1, 0x29, 0x52, 0x2e]), 'not a named class'],
  ['__proto__ as a module', ascii('c__proto__\nconstructor\n.'), '__proto__.constructor'],
  ['constructor of Object', ascii('cconstructor\nconstructor\n.'), 'constructor.constructor'],
  ['names with control characters', ascii('cos\x1b[2J\nsystem\n.'), 'os?[2J.system'],
  [
    'a class of a shell, rebuilt by copyreg',
    ascii('ccopyreg\n_reconstructor\n(csubprocess\nPopen\ncbuiltins\nobject\nNtR.'),
    'subprocess.Popen',
  ],
  [
    'a shell inside an array of objects of joblib',
    Uint8Array.from([...objectArray, 0x80, 4, ...stackGlobal('os', 'popen'), 0x29, 0x52, 0x2e]),
    'os.popen',
  ],
  [
    'a shell as the state of a known class',
    protocol4(
      stackGlobal('sklearn.tree._tree', 'Tree'),
      [0x29, 0x81],
      stackGlobal('os', 'system'),
      [0x62, 0x2e],
    ),
    'os.system',
  ],
];
