//! Tensors of several processes: what is summed, gathered and sent arrives, with the same bits in all.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use songscape_c10d::Error;
use support::{Launch, MEET, Rank};
use tch::{Device, Kind, Tensor};

/// Numbers that depend on the rank, and whose sums round.
fn of_rank(rank: usize, count: i64) -> Tensor {
    let scale = 1.0 / (rank + 1) as f64;
    (Tensor::arange(count, (Kind::Float, Device::Cpu)) * scale).sin()
}

#[test]
fn sums_are_those_of_one_process_and_the_same_in_all() {
    const NAME: &str = "sums_are_those_of_one_process_and_the_same_in_all";
    let Some(rank) = Rank::this() else {
        for size in [1, 2, 3, 4] {
            assert!(Launch::all(NAME, size).iter().all(|said| said == "done"), "{size}");
        }
        return;
    };
    let group = rank.join(MEET).unwrap();
    for count in [1, 7, 100_003] {
        let sum = of_rank(group.rank(), count);
        group.sum(&sum).unwrap();
        let parts = || (0..group.size()).map(|rank| of_rank(rank, count));
        let whole = parts().reduce(|a, b| a + b).unwrap();
        if group.size() <= 2 {
            assert_eq!(sum, whole);
        } else {
            // In both orders, each of the few additions rounds by at most half a unit in the last place.
            let bound: Tensor = parts().map(|part| part.abs()).reduce(|a, b| a + b).unwrap();
            let far = (&sum - &whole)
                .abs()
                .greater_tensor(&(bound * (group.size() - 1) as f64 * f64::from(f32::EPSILON)));
            assert_eq!(i64::try_from(far.any()).unwrap(), 0);
        }
        let all = group.gather(&sum).unwrap().view([group.size() as i64, count]);
        assert!((0..all.size()[0]).all(|other| all.get(other) == sum));
    }
    rank.say("done");
}

#[test]
fn every_kind_is_summed_gathered_and_sent() {
    const NAME: &str = "every_kind_is_summed_gathered_and_sent";
    let Some(rank) = Rank::this() else {
        assert_eq!(Launch::all(NAME, 3), ["done"; 3]);
        return;
    };
    let group = rank.join(MEET).unwrap();
    for kind in [
        Kind::Uint8,
        Kind::Int8,
        Kind::Int,
        Kind::Int64,
        Kind::Half,
        Kind::BFloat16,
        Kind::Float,
        Kind::Double,
    ] {
        let own = || Tensor::full([2, 3], group.rank() as i64 + 1, (kind, Device::Cpu));
        let sum = own();
        group.sum(&sum).unwrap();
        assert_eq!(sum, Tensor::full([2, 3], 6, (kind, Device::Cpu)), "{kind:?}");
        let all = group.gather(&own()).unwrap();
        let expected = Tensor::from_slice(&[1_i64, 1, 2, 2, 3, 3]).to_kind(kind);
        assert_eq!(all, expected.unsqueeze(1).expand([6, 3], false).contiguous(), "{kind:?}");
        let sent = own();
        group.broadcast(&sent).unwrap();
        assert_eq!(sent, Tensor::full([2, 3], 1, (kind, Device::Cpu)), "{kind:?}");
    }
    // Nothing at all is sent, too.
    let nothing = Tensor::zeros([0, 3], (Kind::Float, Device::Cpu));
    group.sum(&nothing).unwrap();
    assert_eq!(group.gather(&nothing).unwrap().size(), [0, 3]);
    rank.say("done");
}

#[test]
fn what_cannot_be_sent_is_refused_and_harms_nothing() {
    const NAME: &str = "what_cannot_be_sent_is_refused_and_harms_nothing";
    let Some(rank) = Rank::this() else {
        assert_eq!(Launch::all(NAME, 2), ["done"; 2]);
        return;
    };
    let group = rank.join(MEET).unwrap();
    let square = Tensor::ones([4, 4], (Kind::Float, Device::Cpu));
    for (tensor, found) in [
        (square.transpose(0, 1).narrow(0, 0, 2), "not contiguous"),
        (Tensor::new(), "undefined"),
        (Tensor::ones([2], (Kind::Bool, Device::Cpu)), "of Bool"),
        (square.to_sparse_sparse_dim(2), "sparse"),
    ] {
        for result in
            [group.sum(&tensor), group.broadcast(&tensor), group.gather(&tensor).map(drop)]
        {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Tensor { .. }), "{error}");
            assert!(error.to_string().contains(found), "{error}");
        }
    }
    let scalar = group.gather(&Tensor::from(1.0_f32)).unwrap_err();
    assert!(scalar.to_string().contains("without a dimension"), "{scalar}");
    // Columns of a matrix are sums of rows elsewhere, if they are sent as they lie.
    group.sum(&square).unwrap();
    assert_eq!(square, Tensor::full([4, 4], 2, (Kind::Float, Device::Cpu)));
    rank.say("done");
}

#[test]
fn calls_that_differ_are_named_in_all() {
    const NAME: &str = "calls_that_differ_are_named_in_all";
    const CASE: &str = "SONGSCAPE_TEST_CASE";
    let cases = [
        ("sum of 200 Float", "sum of 100 Float"),
        ("gather of 5 Float", "sum of 5 Float"),
        ("broadcast of 5 Half", "broadcast of 5 Float"),
    ];
    let Some(rank) = Rank::this() else {
        for (case, (there, here)) in cases.into_iter().enumerate() {
            let mut launch = Launch::new(NAME, 3);
            for rank in 0..3 {
                launch.start_with(rank, |command| {
                    command.env(CASE, case.to_string());
                });
            }
            let said = launch.finish();
            for rank in [0, 2] {
                let expected = |here: &str| {
                    format!(
                        "rank 1 calls {there}, but this process, rank {rank}, calls {here}; Broken"
                    )
                };
                // Nobody waits for the end of a broadcast: it may be the next operation that notices.
                let later = case == 2 && said[rank] == expected("sum of 5 Float");
                assert!(later || said[rank] == expected(here), "{}", said[rank]);
            }
            let expected =
                format!("rank 0 calls {here}, but this process, rank 1, calls {there}; Broken");
            assert_eq!(said[1], expected);
        }
        return;
    };
    let group = rank.join(MEET).unwrap();
    let ones = |n: i64, kind| Tensor::ones([n], (kind, Device::Cpu));
    let five = ones(5, Kind::Float);
    let odd = group.rank() == 1;
    let result = match std::env::var(CASE).unwrap().as_str() {
        "0" => group.sum(&ones(if odd { 200 } else { 100 }, Kind::Float)),
        "1" if odd => group.gather(&five).map(drop),
        "1" => group.sum(&five),
        _ => {
            let sent = ones(5, if odd { Kind::Half } else { Kind::Float });
            group.broadcast(&sent).and_then(|()| group.sum(&five))
        }
    };
    let again = match group.sum(&five) {
        Err(Error::Broken { .. }) => "Broken",
        _ => "not broken",
    };
    rank.say(&format!("{}; {again}", result.unwrap_err()));
}

#[test]
fn the_others_wait_for_rank_0_longer_than_the_timeout() {
    const NAME: &str = "the_others_wait_for_rank_0_longer_than_the_timeout";
    let Some(rank) = Rank::this() else {
        let said = Launch::all(NAME, 3);
        assert_eq!(said[0], "Some(Ok(7)), 3; Some(Err(8))");
        for said in &said[1..] {
            assert_eq!(said, "None, 3; rank 0 could not go on; its own message says why");
        }
        return;
    };
    let group = rank.join(MEET).unwrap().with_timeout(Duration::from_secs(6));
    let found = group.first(|| {
        std::thread::sleep(Duration::from_secs(8));
        Ok::<i32, i32>(7)
    });
    let sum = Tensor::from_slice(&[1_i64]);
    group.sum(&sum).unwrap();
    let failed = match group.first(|| Err::<i32, i32>(8)) {
        Ok(found) => format!("{found:?}"),
        Err(error) => error.to_string(),
    };
    rank.say(&format!("{:?}, {}; {failed}", found.unwrap(), sum.int64_value(&[0])));
}

#[test]
fn a_store_of_the_launcher_serves_one_run_after_the_other() {
    const NAME: &str = "a_store_of_the_launcher_serves_one_run_after_the_other";
    if let Some(mut rank) = Rank::this() {
        if rank.place.size == 1 {
            // The launcher: it only hosts the store.
            let _store = rank.join(MEET).unwrap();
            rank.say("open");
            std::thread::sleep(Duration::from_secs(90));
        }
        for restart in 0..2 {
            rank.place.run = format!("songs/{restart}");
            let group = rank.join(MEET).unwrap();
            let sum = Tensor::from_slice(&[1_i64]);
            group.sum(&sum).unwrap();
            assert_eq!(sum.int64_value(&[0]), 2);
        }
        rank.say("done");
        return;
    }
    let mut launcher = Launch::new(NAME, 1);
    launcher.start(0);
    while !launcher.said(0) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut launch = Launch::new(NAME, 2);
    launch.port = launcher.port;
    for rank in 0..2 {
        launch.start_with(rank, |command| {
            command.env("TORCHELASTIC_USE_AGENT_STORE", "True");
        });
    }
    assert_eq!(launch.finish(), ["done"; 2]);
}
