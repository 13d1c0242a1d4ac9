/** What is refused names what would be read. */
import { expect, test } from 'bun:test';
import { nearestWay } from './nearest-way.ts';

test.each([
  ['catboost.core.CatBoostClassifier', "save_model('model.cbm')"],
  ['sklearn.calibration._TemperatureScaling', "method='sigmoid'"],
  ['sklearn.svm._classes.SVC', 'around a LinearSVC'],
  ['sklearn.ensemble._forest.RandomForestRegressor', 'a classifier of late or not late'],
  ['lightgbm.sklearn.LGBMRegressor', 'a classifier of late or not late'],
  ['sklearn.neighbors._classification.KNeighborsClassifier', 'a HistGradientBoostingClassifier'],
  ['sklearn.naive_bayes.GaussianNB', 'a HistGradientBoostingClassifier'],
  ['category_encoders.target_encoder.TargetEncoder', "scikit-learn's OneHotEncoder"],
  ['sklearn.impute._knn.KNNImputer', 'a SimpleImputer'],
  ['sklearn.decomposition._pca.PCA', 'before the pipeline'],
  ['sklearn.feature_selection._univariate_selection.SelectKBest', 'before the pipeline'],
  ['sklearn.something.New', 'docs/model-file.md'],
])('%s: %s', (name, text) => {
  expect(nearestWay(name)).toContain(text);
});
