/**
 * The table of readers: which one reads which class of fitted classifier.
 */
import {
  readLgbmClassifier,
  readLightGbmBooster,
  readXgbClassifier,
  readXgboostBooster,
} from './boosters.ts';
import type { EstimatorReader } from './estimator.ts';
import { readHistGradientBoosting } from './hist-gradient-boosting.ts';
import { readDecisionOnly, readLogistic, readSgd } from './linear-models.ts';
import { readAdaBoost, readForest, readGradientBoosting, readTree } from './tree-ensembles.ts';

export const READERS: Readonly<Record<string, EstimatorReader>> = {
  'sklearn.linear_model._logistic.LogisticRegression': readLogistic,
  'sklearn.linear_model._logistic.LogisticRegressionCV': readLogistic,
  'sklearn.linear_model._stochastic_gradient.SGDClassifier': readSgd,
  'sklearn.linear_model._perceptron.Perceptron': readDecisionOnly,
  'sklearn.linear_model._passive_aggressive.PassiveAggressiveClassifier': readDecisionOnly,
  'sklearn.linear_model._ridge.RidgeClassifier': readDecisionOnly,
  'sklearn.linear_model._ridge.RidgeClassifierCV': readDecisionOnly,
  'sklearn.svm._classes.LinearSVC': readDecisionOnly,
  'sklearn.tree._classes.DecisionTreeClassifier': readTree,
  'sklearn.tree._classes.ExtraTreeClassifier': readTree,
  'sklearn.ensemble._forest.RandomForestClassifier': readForest,
  'sklearn.ensemble._forest.ExtraTreesClassifier': readForest,
  'sklearn.ensemble._weight_boosting.AdaBoostClassifier': readAdaBoost,
  'sklearn.ensemble._gb.GradientBoostingClassifier': readGradientBoosting,
  'sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier':
    readHistGradientBoosting,
  'lightgbm.sklearn.LGBMClassifier': readLgbmClassifier,
  'lightgbm.basic.Booster': readLightGbmBooster,
  'xgboost.sklearn.XGBClassifier': readXgbClassifier,
  'xgboost.core.Booster': readXgboostBooster,
};
