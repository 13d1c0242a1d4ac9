// ONNX Runtime under Node as a peer of bench/predict: `node predict.mjs FOLDER` scores FOLDER/model.onnx on FOLDER/rows.f64.
// Reads lines `onnxruntime-node one` or `... batch`, prints ns per row; one thread, as predict.py's peers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const folder = process.argv[2];
const N_ROWS = 10_000;
const rows = Float32Array.from(new Float64Array(readFileSync(join(folder, 'rows.f64')).buffer));
const nFeatures = rows.length / N_ROWS;
const session = await InferenceSession.create(join(folder, 'model.onnx'), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const { version } = JSON.parse(
  readFileSync(new URL('node_modules/onnxruntime-node/package.json', import.meta.url), 'utf8'),
);
console.log(
  JSON.stringify({ peers: ['onnxruntime-node'], versions: { 'onnxruntime-node': version } }),
);

const nsOf = async (from, nRows) => {
  const x = new Tensor('float32', rows.subarray(from * nFeatures, (from + nRows) * nFeatures), [
    nRows,
    nFeatures,
  ]);
  const start = process.hrtime.bigint();
  await session.run({ x });
  return Number(process.hrtime.bigint() - start) / nRows;
};

for await (const line of createInterface({ input: process.stdin })) {
  if (line.endsWith('batch')) console.log(await nsOf(0, N_ROWS));
  else {
    const times = [];
    for (let i = 0; i < 500; i++) times.push(await nsOf(i, 1));
    console.log(times.sort((a, b) => a - b)[250]);
  }
}
