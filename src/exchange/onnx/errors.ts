/** The two refusals of an ONNX file: it is damaged, or it holds what is not supported. */
import { AppError } from '../../core/errors.ts';

export const broken = (detail: string): AppError =>
  new AppError('model-broken', `the ONNX model cannot be read: ${detail}`);

/** @param detail goes on from "the ONNX model" */
export const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the ONNX model ${detail}`);
