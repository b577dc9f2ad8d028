//! The roll call after a failure: who answers no more, or did something else?

use std::time::Duration;

use crate::board::Board;
use crate::error::Result;
use crate::patience::Deadline;
use crate::place::Place;

/// What a roll call found.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    /// The ranks that did not answer within the time.
    pub lost: Vec<usize>,
    /// The first rank that called something else than rank 0, and what.
    pub other: Option<(usize, String)>,
}

/// Answers with `said` and listens to the others. Every process that notices a failure closes its connections
/// and comes here, so that those which wait for it notice, too, and come.
pub(crate) fn call_roll(board: &Board, place: &Place, said: &str, grace: Duration) -> Result<Roll> {
    let deadline = Deadline::after(grace);
    board.set(key(place.rank), said.into(), &deadline)?;
    let mut roll = Roll::default();
    for rank in (0..place.size).filter(|rank| *rank != place.rank) {
        match board.wait(key(rank), &deadline)? {
            None => roll.lost.push(rank),
            Some(said) if said.is_empty() || roll.other.is_some() => {}
            Some(said) => roll.other = Some((rank, String::from_utf8_lossy(&said).into_owned())),
        }
    }
    // The host keeps the store until those that answered have seen who did not.
    let after = Deadline::after(grace);
    let answered = (place.size - roll.lost.len()) as i64;
    let mut seen = board.add("seen".into(), 1, &after)?;
    while place.hosted_by() == Some(place.rank) && seen < answered && !after.left().is_zero() {
        std::thread::sleep(Duration::from_millis(20));
        seen = board.add("seen".into(), 0, &after)?;
    }
    Ok(roll)
}

fn key(rank: usize) -> String {
    format!("there/{rank}")
}
