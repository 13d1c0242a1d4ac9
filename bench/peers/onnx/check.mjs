// Answers of exported ONNX files by onnxruntime-node: `node check.mjs FOLDER`, a line of JSON per model.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const folder = process.argv[2];
const doubles = (name) => new Float64Array(readFileSync(join(folder, name)).buffer.slice(0));
for (const name of JSON.parse(readFileSync(join(folder, 'models.json'), 'utf8'))) {
  const rows = doubles(`${name}.rows`);
  const answers = doubles(`${name}.answers`);
  const shape = [answers.length, rows.length / answers.length];
  const session = await InferenceSession.create(join(folder, `${name}.onnx`));
  const { probabilities } = await session.run({ features: new Tensor('float64', rows, shape) });
  const worst = answers.reduce(
    (most, answer, i) => Math.max(most, Math.abs(answer - probabilities.data[2 * i + 1])),
    0,
  );
  console.log(JSON.stringify({ name, onnxruntimeNode: worst }));
}
