"""The eight steps as an estimator of scikit-learn's."""
