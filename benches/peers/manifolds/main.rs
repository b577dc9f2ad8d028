//! UMAP of manifolds-rs, once: `umap|umap10 FILE` -> JSON with wall seconds, CPU seconds and the
//! trustworthiness(15) over 1,000 rows.

use std::path::Path;
use std::time::Instant;

use cpu_time::ProcessTime;
use manifolds_rs::prelude::*;
use manifolds_rs::{UmapParams, umap};
use ndarray::Array2;
use songscape_analysis::metrics::trustworthiness_of_some;
use songscape_analysis::neighbors::Metric;
use songscape_analysis::vectors::read_npy;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, file] = arguments.as_slice() else {
        return Err("usage: manifolds_once umap|umap10 FILE".into());
    };
    let (dims, min_dist) = match work.as_str() {
        "umap" => (2, 0.1),
        "umap10" => (10, 0.0),
        _ => return Err(format!("unknown work {work}").into()),
    };
    let x = read_npy(Path::new(file))?;
    let (n, rows) = (x.nrows(), x.as_slice().ok_or("the rows do not lie one after the other")?);
    // As many epochs as umap-learn and ours.
    let epochs = if n <= 10_000 { 500 } else { 200 };
    let params = UmapParams::<f32> {
        n_dim: dims,
        nn_params: NearestNeighbourParams { dist_metric: "cosine".into(), ..Default::default() },
        optim_params: UmapOptimParams::from_min_dist_spread(
            min_dist,
            1.0,
            None,
            None,
            Some(epochs),
            None,
            None,
            None,
            None,
        ),
        ..UmapParams::default()
    };
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let columns = umap((rows, n, x.ncols()), None, &params, 0, 0)?;
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let map = Array2::from_shape_fn((n, dims), |(row, column)| columns[column][row]);
    let score = trustworthiness_of_some(x.view(), map.view(), 15, Metric::Cosine, 1000)?;
    println!("{{\"wall\": {wall}, \"cpu\": {cpu}, \"score\": {score}}}");
    Ok(())
}
