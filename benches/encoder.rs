//! The encoder on the CPU: forward, forward and backward, and and only the data loader, in crops per second.
//! `cargo bench --bench encoder --features torch`; beside PyTorch: `peers.py encoder`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use songscape_contrastive::{PairSampler, Songs, loss};
use songscape_resnet::{EncoderConfig, Model, Precision, images, keep_freed_memory};
use tch::Device;

const ROWS: usize = 256;
const PRECISIONS: [(&str, Precision); 2] = [("f32", Precision::F32), ("bf16", Precision::Bf16)];

/// Name, network, columns of a crop, crops in a batch.
fn configurations() -> [(&'static str, EncoderConfig, usize, usize); 2] {
    [("published", EncoderConfig::published(), 1024, 8), ("demo", EncoderConfig::demo(), 256, 128)]
}

fn noise(count: usize) -> Vec<u8> {
    (0..count as u64).map(|i| (i.wrapping_mul(6_364_136_223_846_793_005) >> 56) as u8).collect()
}

fn network(c: &mut Criterion) {
    keep_freed_memory(); // as programs on the CPU do
    for (name, config, columns, batch) in configurations() {
        let model = Model::new(&config, Device::Cpu, 1).expect("a network");
        let pixels = noise(batch * columns * ROWS);
        let slices: Vec<&[u8]> = pixels.chunks_exact(columns * ROWS).collect();
        let mut group = c.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Elements(batch as u64));
        for (format, precision) in PRECISIONS {
            let images = images(&slices, ROWS, precision, Device::Cpu).expect("images");
            group.bench_function(BenchmarkId::new("forward", format), |b| {
                b.iter(|| tch::no_grad(|| model.encoder().forward(&images)).expect("features"));
            });
            group.bench_function(BenchmarkId::new("forward and backward", format), |b| {
                b.iter(|| {
                    let features = model.encoder().forward(&images).expect("features");
                    let outputs = model.head().forward(&features).expect("outputs");
                    let half = batch as i64 / 2;
                    let (first, second) =
                        (outputs.narrow(0, 0, half), outputs.narrow(0, half, half));
                    let loss = loss::decoupled(&first, &second, 0.1).expect("a loss");
                    model.parameters().gradient(&loss).expect("a gradient")
                });
            });
        }
    }
}

fn loader(c: &mut Criterion) {
    let mut group = c.benchmark_group("loader");
    for (name, _, columns, batch) in configurations() {
        // More than the caches hold.
        let pixels = vec![noise(4 * columns * ROWS); 64];
        let songs = Songs::new(ROWS, pixels.iter().map(Vec::as_slice).collect()).expect("songs");
        let sampler = PairSampler::new(&songs, columns, batch / 2, 0, 1).expect("a sampler");
        group.throughput(Throughput::Elements(batch as u64));
        for (format, precision) in PRECISIONS {
            let mut step = 0;
            group.bench_function(BenchmarkId::new(name, format), |b| {
                b.iter(|| {
                    step += 1;
                    let pairs = sampler.batch(step);
                    let crops: Vec<&[u8]> = pairs
                        .iter()
                        .flat_map(|pair| pair.starts.map(|start| (pair.song, start * ROWS)))
                        .map(|(song, start)| &songs.pixels(song)[start..start + columns * ROWS])
                        .collect();
                    images(&crops, ROWS, precision, Device::Cpu).expect("images")
                });
            });
        }
    }
}

criterion_group!(benches, network, loader);
criterion_main!(benches);
