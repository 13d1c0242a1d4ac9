/**
 * scikit-learn's FunctionTransformer of a function that is known by name. A step of a pipeline.
 * @source sklearn/preprocessing/_function_transformer.py
 */
import { isFunctionName } from '../../core/steps/operation.ts';
import { type DesignMatrix, operate, withRequired } from '../design-matrix.ts';
import {
  attributeOf,
  isKind,
  isTrue,
  type PyObject,
  unsupported,
} from '../pickle/python-values.ts';

/** Other names of the same functions. */
const ALIASES: Readonly<Record<string, string>> = { absolute: 'abs', fabs: 'abs', positive: '' };

export const applyFunction = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const callee = attributeOf(step, 'func') ?? null;
  if (callee === null) return matrix;
  const arguments_ = attributeOf(step, 'kw_args') ?? null;
  if (!isKind(callee, 'global') || !callee.name.startsWith('numpy.'))
    throw unsupported(
      'a FunctionTransformer of a function of your own is not supported; one of numpy (log1p, sqrt, ...) is, or make that column before the pipeline',
    );
  const given = callee.name.slice('numpy.'.length);
  const name = ALIASES[given] ?? given;
  if (name === '') return matrix;
  if (!isFunctionName(name))
    throw unsupported(`a FunctionTransformer of ${given} is not supported`);
  if (isKind(arguments_, 'dict') ? arguments_.entries.size > 0 : arguments_ !== null)
    throw unsupported(`a FunctionTransformer of ${given} with arguments is not supported`);
  return {
    ...matrix,
    // Validation refuses missing values.
    ...(isTrue(attributeOf(step, 'validate')) && { columns: withRequired(matrix) }),
    derivedColumns: matrix.derivedColumns.map((derived) =>
      operate(derived, { do: 'function', function: name }),
    ),
  };
};
