//! From song vectors to insight: neighbours, UMAP, HDBSCAN, gradient boosting, tables and representatives.
