//! Tests of the folds.
