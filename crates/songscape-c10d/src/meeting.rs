//! The processes tell each other what they are, before anything else is done. What differs is named; it
//! would end in wrong sums, or in gloo's own thread, which ends the process when lengths differ.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use songscape_project::differences;

use crate::board::Board;
use crate::error::{Error, Result};
use crate::ffi;
use crate::patience::Deadline;
use crate::place::Place;

/// The version of what the processes say to each other.
const PROTOCOL: u32 = 1;

/// For how long rank 0 keeps the store for the others to read why nothing comes of it.
const LINGER: Duration = Duration::from_secs(2);

/// What a process says of itself: all that must be the same in all.
#[derive(Serialize)]
struct Hello<'a> {
    protocol: u32,
    size: usize,
    songscape: &'static str,
    libtorch: String,
    /// Of the text in which libtorch says how it was built.
    libtorch_build: String,
    /// Sums are rounded otherwise with other ones.
    vector_instructions: String,
    /// As above.
    threads: i32,
    identity: &'a Value,
}

impl<'a> Hello<'a> {
    fn new(size: usize, identity: &'a Value) -> Self {
        let [libtorch, vector_instructions, build] = ffi::libtorch();
        let lines = build.lines().filter(|line| !line.contains("CPU capability"));
        let build = blake3::hash(lines.collect::<String>().as_bytes()).to_hex();
        Self {
            protocol: PROTOCOL,
            size,
            songscape: env!("CARGO_PKG_VERSION"),
            libtorch,
            libtorch_build: build.as_str()[..16].into(),
            vector_instructions,
            threads: tch::get_num_threads(),
            identity,
        }
    }
}

/// What rank 0 found, for all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Verdict {
    rank_0: Value,
    missing: Vec<usize>,
    /// A process that differs, and what it says.
    other: Option<(usize, Value)>,
}

/// Returns once all processes are there and alike.
pub(crate) fn meet(
    board: &Board,
    place: &Place,
    identity: &Value,
    deadline: &Deadline,
) -> Result<()> {
    let hello = serde_json::to_value(Hello::new(place.size, identity)).map_err(damaged)?;
    let rank = place.rank;
    if board.add(format!("taken/{rank}"), 1, deadline)? > 1 {
        return Err(Error::Twice { rank });
    }
    board.set(key(rank), hello.to_string().into_bytes(), deadline)?;
    if rank == 0 {
        let verdict = judge(board, place, hello.clone(), deadline)?;
        let result = verdict.result(place, &hello, deadline.waited());
        let text = serde_json::to_vec(&verdict).map_err(damaged)?;
        board.set("verdict".into(), text, deadline)?;
        if result.is_err() && place.rank_0_hosts {
            let came = place.size - verdict.missing.len() - 1;
            linger(board, came, &Deadline::after(LINGER));
        }
        return result;
    }
    let Some(text) = board.wait("verdict".into(), deadline)? else {
        // Rank 0 waits for others, too, or is none of those that came.
        let ranks = missing(board, place, &Deadline::after(LINGER))?;
        return Err(Error::Missing { ranks, size: place.size, waited: deadline.waited() });
    };
    let verdict: Verdict = serde_json::from_slice(&text).map_err(damaged)?;
    let result = verdict.result(place, &hello, deadline.waited());
    if result.is_err() {
        // Rank 0 waits for it; if it is gone already, all is said.
        let _ = board.add("read".into(), 1, &Deadline::after(LINGER));
    }
    result
}

/// Rank 0 waits for all, and compares them with itself.
fn judge(board: &Board, place: &Place, own: Value, deadline: &Deadline) -> Result<Verdict> {
    // The others are to hear of it before they give up themselves.
    let until = deadline.less(LINGER.min(deadline.left() / 5));
    let mut verdict = Verdict { rank_0: own, missing: Vec::new(), other: None };
    for rank in 1..place.size {
        let Some(text) = board.wait(key(rank), &until)? else {
            verdict.missing.push(rank);
            continue;
        };
        let other: Value = serde_json::from_slice(&text).map_err(damaged)?;
        if other != verdict.rank_0 {
            verdict.missing.clear();
            verdict.other = Some((rank, other));
            break;
        }
    }
    Ok(verdict)
}

impl Verdict {
    /// What it means for one process.
    fn result(&self, place: &Place, own: &Value, waited: Duration) -> Result<()> {
        let differs = |rank: usize, other: &Value| {
            let mut differences = differences(&self.rank_0, other);
            for difference in &mut differences {
                if let Some(field) = difference.field.strip_prefix("identity.") {
                    difference.field = field.into();
                }
            }
            Err(Error::Differs { rank, differences })
        };
        if let Some((rank, other)) = &self.other {
            return differs(*rank, other);
        }
        if !self.missing.is_empty() {
            let (ranks, size) = (self.missing.clone(), place.size);
            return Err(Error::Missing { ranks, size, waited });
        }
        // Beyond the size that rank 0 knows of.
        if *own == self.rank_0 { Ok(()) } else { differs(place.rank, own) }
    }
}

/// The ranks that said nothing.
fn missing(board: &Board, place: &Place, deadline: &Deadline) -> Result<Vec<usize>> {
    let mut ranks = Vec::new();
    for rank in 0..place.size {
        if board.get(key(rank), deadline)?.is_none() {
            ranks.push(rank);
        }
    }
    // All came at the last moment.
    if ranks.is_empty() {
        ranks.push(0);
    }
    Ok(ranks)
}

/// Keeps the store until all that came have read the verdict.
fn linger(board: &Board, came: usize, deadline: &Deadline) {
    while !deadline.left().is_zero() {
        match board.add("read".into(), 0, deadline) {
            Ok(read) if usize::try_from(read).is_ok_and(|read| read < came) => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => return,
        }
    }
}

fn key(rank: usize) -> String {
    format!("hello/{rank}")
}

fn damaged(error: serde_json::Error) -> Error {
    Error::Failed { operation: "meeting", reason: error.to_string() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(rank: usize, size: usize) -> Place {
        Place {
            rank,
            size,
            local_rank: rank,
            local_size: size,
            host: "127.0.0.1".into(),
            port: 1,
            rank_0_hosts: true,
            run: String::new(),
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_hello_says_all_that_must_be_alike() {
        let identity = json!({ "learning_rate": 0.1 });
        let hello = serde_json::to_value(Hello::new(2, &identity)).unwrap();
        assert_eq!(hello["identity"], identity);
        assert!(hello["libtorch"].as_str().unwrap().starts_with("2."), "{hello}");
        assert!(hello["threads"].as_i64().unwrap() >= 1, "{hello}");
    }

    #[test]
    fn what_differs_is_named_from_every_side() {
        let hello = |rate: f64, torch: &str| json!({"size": 2, "libtorch": torch, "identity": {"training": {"learning_rate": rate}}});
        let rank_0 = hello(0.1, "2.11.0");
        let verdict = |missing: &[usize], other| Verdict {
            rank_0: rank_0.clone(),
            missing: missing.to_vec(),
            other,
        };
        let second = Duration::from_secs(1);
        let result = |verdict: Verdict, own: &Value| {
            verdict.result(&place(1, 3), own, second).map_err(|error| error.to_string())
        };
        assert_eq!(result(verdict(&[], None), &rank_0), Ok(()));
        let other = hello(0.2, "2.11.0");
        for own in [&rank_0, &other] {
            assert_eq!(
                result(verdict(&[], Some((2, other.clone()))), own).unwrap_err(),
                "rank 2 does not fit to rank 0: training.learning_rate is 0.2, 0.1 in rank 0"
            );
        }
        let missing = result(verdict(&[2], None), &rank_0).unwrap_err();
        assert_eq!(missing, "rank 2 of 3 did not come within 1 s");
        let other = result(verdict(&[], None), &hello(0.1, "2.12.0")).unwrap_err();
        assert!(other.ends_with("libtorch is \"2.12.0\", \"2.11.0\" in rank 0"), "{other}");
    }
}
