/**
 * The refusals of a CatBoost model.
 */
import { AppError } from '../../core/errors.ts';

export const broken = (detail: string): AppError =>
  new AppError('model-broken', `the CatBoost model cannot be read: ${detail}`);

export const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the CatBoost model ${detail}`);
