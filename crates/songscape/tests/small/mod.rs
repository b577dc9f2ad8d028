//! A project that is made in seconds.

use songscape::pipeline::Parameters;
use songscape::resnet::EncoderConfig;

/// So many songs of 8 s, a tiny network, and a few steps of training.
pub fn parameters(songs: usize, artists: usize, steps: usize, pairs: usize) -> Parameters {
    let mut parameters = Parameters::demo(7);
    parameters.demo_music.songs = songs;
    parameters.demo_music.artists = artists;
    parameters.demo_music.seconds = 8.0;
    parameters.encoder = EncoderConfig::narrow(4);
    parameters.training.steps = steps;
    parameters.training.pairs = pairs;
    parameters.training.crop_columns = 128;
    parameters
}
