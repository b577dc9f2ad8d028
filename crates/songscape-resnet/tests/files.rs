//! Weights in files: the way there and back, and what is refused.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use songscape_resnet::{
    Declaration, Embedder, EncoderConfig, Error, Init, Model, ModelSource, Origin, Parameters,
    Pooling, WeightsProblem,
};
use tch::{Device, Kind, Tensor};

type Named = Vec<(String, Tensor)>;

fn model(stem: usize) -> Model {
    // The work is small: threads would mostly wait for each other.
    tch::set_num_threads(1);
    Model::new(&EncoderConfig::narrow(stem), Device::Cpu, 5).unwrap()
}

fn problem(result: Result<Model, Error>) -> WeightsProblem {
    match result {
        Err(Error::Weights { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_saved_network_comes_back_whole_and_saves_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) =
        (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    let model = model(4);
    model.save(&first).unwrap();
    let back = Model::load(&first, Device::Cpu).unwrap();
    assert_eq!(back.config(), model.config());
    assert_eq!(back.parameters().flat(), model.parameters().flat());
    back.save(&second).unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
}

#[test]
fn the_first_thing_that_does_not_fit_is_named_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let mut own = model(4);
    let before = own.parameters().flat().copy();
    let last = "head.fc3.bias";
    let expect = |own: &mut Model, text: &str| {
        let message = own.load_weights(&path).unwrap_err().to_string();
        assert!(message.contains(text), "{message}");
        assert_eq!(own.parameters().flat(), before);
    };
    let write = |change: &dyn Fn(&mut Named)| {
        let mut named: Named = model(4)
            .parameters()
            .named()
            .map(|(name, p)| (name.to_owned(), p.detach().copy() + 1.0))
            .collect();
        change(&mut named);
        Tensor::write_safetensors(&named, &path).unwrap();
    };
    let replace = |named: &mut Named, tensor: Tensor| {
        named.iter_mut().find(|(name, _)| name == last).unwrap().1 = tensor;
    };
    write(&|named| named.retain(|(name, _)| name != last));
    expect(&mut own, "no tensor head.fc3.bias");
    // A shape that would broadcast.
    write(&|named| replace(named, Tensor::ones([1], (Kind::Float, Device::Cpu))));
    expect(&mut own, "head.fc3.bias has the shape [1], expected [64]");
    write(&|named| replace(named, Tensor::ones([64], (Kind::Half, Device::Cpu))));
    expect(&mut own, "head.fc3.bias is F16, expected F32");
    write(&|named| replace(named, Tensor::ones([64], (Kind::Float, Device::Cpu)) / 0.0));
    expect(&mut own, "head.fc3.bias has elements that are not finite");
    write(&|named| named.push(("more".into(), Tensor::ones([1], (Kind::Float, Device::Cpu)))));
    expect(&mut own, "unexpected tensor more");
    write(&|_| ());
    own.load_weights(&path).unwrap();
    assert_ne!(own.parameters().flat(), before);
}

#[test]
fn other_networks_keep_their_parameters_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let declared = |rows: usize| {
        let normal = Init::Normal { deviation: 1.0 };
        let declare = |name: &str, shape, init| Declaration { name: name.into(), shape, init };
        vec![declare("a", vec![rows, 3], normal), declare("b", vec![2], Init::Zeros)]
    };
    let own = Parameters::new(&declared(4), Device::Cpu, 1).unwrap();
    own.save(&path, &4_usize).unwrap();
    let load = |extra: usize| {
        Parameters::load(&path, Device::Cpu, |rows: &usize| match extra {
            9 => Err("nine is too many".into()),
            _ => Ok(declared(rows + extra)),
        })
    };
    let (back, rows) = load(0).unwrap();
    assert_eq!((back.flat(), rows), (own.flat(), 4));
    assert_eq!(back.fingerprint().unwrap(), own.fingerprint().unwrap());
    let message = |extra| load(extra).unwrap_err().to_string();
    assert!(message(1).ends_with("a has the shape [4, 3], expected [5, 3]"));
    assert!(message(9).ends_with("the metadata cannot be used: nine is too many"));
    assert!(matches!(problem(Model::load(&path, Device::Cpu)), WeightsProblem::Metadata(_)));
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    model(4).save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 40) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(problem(Model::load(&path, Device::Cpu)), WeightsProblem::Format(_)));
    }
    std::fs::write(&path, b"\x80\x02}q\x00.").unwrap();
    assert!(matches!(problem(Model::load(&path, Device::Cpu)), WeightsProblem::Format(_)));
    Tensor::write_safetensors(&[("x", Tensor::from_slice(&[1.0_f32]))], &path).unwrap();
    assert!(matches!(problem(Model::load(&path, Device::Cpu)), WeightsProblem::Metadata(_)));
    let missing = Model::load(Path::new("no/such/file"), Device::Cpu).unwrap_err();
    assert!(missing.to_string().contains("no/such/file"), "{missing}");
}

#[test]
fn a_song_in_chunks_is_the_song_at_once() {
    let model = model(8);
    let pixels: Vec<u8> =
        (0..256_u64 * (64 * 40 + 17)).map(|i| (i * i / 977 % 251) as u8).collect();
    let whole = Embedder { vectors_per_chunk: 1000, ..Embedder::default() };
    let whole = whole.embed(&model, &pixels).unwrap();
    assert_eq!(whole.dim(), (40, 64));
    let spread = whole.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
    assert!(spread > 0.1);
    for (vectors_per_chunk, chunks_per_batch) in [(6, 5), (17, 1), (39, 4)] {
        let embedder = Embedder { vectors_per_chunk, chunks_per_batch, ..Embedder::default() };
        let chunked = embedder.embed(&model, &pixels).unwrap();
        let off = (&chunked - &whole).iter().fold(0.0_f32, |max, x| max.max(x.abs()));
        assert!(off < 1e-5, "{vectors_per_chunk}: {off:e}");
    }
}

#[test]
fn several_songs_at_once_are_each_song_alone() {
    let model = model(4);
    let song = |seed: u64, columns: u64| -> Vec<u8> {
        (0..256 * columns).map(|i| ((i + seed) * (i + seed) / 977 % 251) as u8).collect()
    };
    // Longer than a chunk and not, two of them equally long, one of a single vector.
    let songs: Vec<Vec<u8>> =
        [(1, 64 * 20), (2, 64 * 33 + 5), (3, 64 * 3), (4, 64 * 3 + 9), (5, 64), (6, 64 * 12)]
            .map(|(seed, columns)| song(seed, columns))
            .into();
    let slices: Vec<&[u8]> = songs.iter().map(Vec::as_slice).collect();
    for chunks_per_batch in [1, 3, 100] {
        let embedder = Embedder { vectors_per_chunk: 12, chunks_per_batch, ..Embedder::default() };
        let together = embedder.embed_songs(&model, &slices).unwrap();
        assert_eq!(together.len(), songs.len());
        let whole = Embedder { vectors_per_chunk: 1000, ..embedder };
        for (found, song) in together.iter().zip(&songs) {
            let alone = whole.embed(&model, song).unwrap();
            assert_eq!(found.dim(), alone.dim());
            let off = (found - &alone).iter().fold(0.0_f32, |max, x| max.max(x.abs()));
            assert!(off < 1e-5, "{off:e}");
        }
    }
    assert!(Embedder::default().embed_songs(&model, &[]).unwrap().is_empty());
    let short = Embedder::default().embed_songs(&model, &[&songs[0], &[]]).unwrap_err();
    assert!(matches!(short, Error::TooShort { found: 0, .. }));
}

#[test]
fn songs_that_are_too_short_or_ragged_are_refused() {
    let model = model(4);
    let embed = |length: usize| Embedder::default().embed(&model, &vec![0; length]);
    assert_eq!(embed(256 * 64).unwrap().dim(), (1, 32));
    let short = embed(256 * 63).unwrap_err().to_string();
    assert_eq!(short, "a song of 63 columns, expected at least 64");
    assert!(matches!(embed(0), Err(Error::TooShort { found: 0, .. })));
    assert!(matches!(embed(256 * 64 + 1), Err(Error::Pixels { .. })));
}

/// Writes the file again with its metadata changed.
fn change_metadata(path: &Path, change: impl Fn(&mut serde_json::Value)) {
    let bytes = std::fs::read(path).unwrap();
    let end = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&bytes[8..end]).unwrap();
    let text = header["__metadata__"]["songscape"].as_str().unwrap();
    let mut metadata = serde_json::from_str(text).unwrap();
    change(&mut metadata);
    header["__metadata__"]["songscape"] = metadata.to_string().into();
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    std::fs::write(path, [&length, header.as_bytes(), &bytes[end..]].concat()).unwrap();
}

#[test]
fn the_origin_comes_back_and_a_file_without_one_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let origin = Origin {
        songscape: Some("0.1.0".into()),
        images: Some(serde_json::json!({ "rows": 256, "range_db": 60.0 })),
        training: Some(serde_json::json!({ "steps": 500, "seed": 7 })),
        pooling: Some(Pooling::MeanDeviation),
    };
    let model = model(4).with_origin(origin.clone());
    model.save(&path).unwrap();
    let back = Model::load(&path, Device::Cpu).unwrap();
    assert_eq!(back.origin(), &origin);
    assert_eq!(back.duplicate().unwrap().origin(), &origin);
    assert_eq!(back.fingerprint().unwrap(), model.fingerprint().unwrap());

    // As format 1 was, before there was an origin.
    change_metadata(&path, |metadata| {
        metadata["format"] = 1.into();
        metadata.as_object_mut().unwrap().remove("origin");
    });
    let old = Model::load(&path, Device::Cpu).unwrap();
    assert_eq!(old.origin(), &Origin::default());
    assert_eq!(old.parameters().flat(), model.parameters().flat());
    old.check_images(&serde_json::json!({ "rows": 1 })).unwrap();

    change_metadata(&path, |metadata| metadata["format"] = 3.into());
    let message = Model::load(&path, Device::Cpu).unwrap_err().to_string();
    assert!(message.contains("format 3, expected 1 to 2"), "{message}");
}

#[test]
fn the_network_that_comes_with_the_crate_is_whole_and_small() {
    let source: ModelSource = "pretrained".parse().unwrap();
    assert_eq!(source, ModelSource::Pretrained);
    assert!(source.content().unwrap().len() < 4_000_000);
    let model = source.load(Device::Cpu).unwrap();
    assert_eq!(model.config(), &EncoderConfig::demo());
    assert_eq!(*model.origin(), source.origin().unwrap());
    let images = model.origin().images.as_ref().unwrap();
    assert_eq!((images["rows"].as_u64(), images["range_db"].as_f64()), (Some(256), Some(60.0)));

    // As a file it is the same network.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, source.content().unwrap()).unwrap();
    let file: ModelSource = path.to_str().unwrap().parse().unwrap();
    assert_eq!(file, ModelSource::File(path.clone()));
    assert_eq!(file.hash().unwrap(), source.hash().unwrap());
    let same = file.load(Device::Cpu).unwrap();
    assert_eq!(same.fingerprint().unwrap(), model.fingerprint().unwrap());
    let missing = ModelSource::File(folder.path().join("none"));
    assert!(missing.hash().unwrap_err().to_string().contains("none"));
}
