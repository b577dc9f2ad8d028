//! Contrastive training of the music encoder on pairs of random crops, and its evaluation by retrieval.
