//! Tables of what was fitted and how well.

use songscape_analysis::study::YearScore;

use super::{Table, known, number};
use crate::input::ReportInput;
use crate::measures::chance;
use crate::measures::tree::leaving;

/// The clusters of the condensed tree; `label` is the number of those that were chosen, `leave` how
/// many songs leave before it ends or splits.
pub(super) fn condensed_tree(input: &ReportInput) -> Table {
    let header = ["node", "parent", "birth_lambda", "size", "leave", "label"];
    let mut table = Table::new("condensed-tree", &header);
    let Some(tree) = &input.tree else { return table };
    let leave = leaving(tree);
    for (node, cluster) in tree.tree.clusters.iter().enumerate() {
        table.rows.push(vec![
            node.to_string(),
            known(cluster.parent),
            number(cluster.birth),
            cluster.size.to_string(),
            leave[node].to_string(),
            known(tree.labels[node]),
        ]);
    }
    table
}

/// The results beside their baselines: each value, with its 95% interval where it is a share.
pub(super) fn scores(input: &ReportInput) -> Table {
    let mut table = Table::new("scores", &["measure", "model", "value", "low_95", "high_95"]);
    let Some(scores) = &input.scores else { return table };
    for YearScore { name, mae, interval, .. } in scores.years.iter().flat_map(|y| &y.models) {
        table.rows.push(vec![
            "year_mean_absolute_error".into(),
            name.clone(),
            number(*mae),
            known(interval.map(|interval| interval.low)),
            known(interval.map(|interval| interval.high)),
        ]);
    }
    for (of, rows, chance) in [
        ("", &scores.halves, chance::halves(scores.songs)),
        ("_of_other_recordings", &scores.renditions, chance::renditions(input)),
    ] {
        let guess = chance.filter(|_| !rows.is_empty());
        let models = rows
            .iter()
            .map(|s| (s.name.as_str(), (s.recall_1, s.interval_1), (s.recall_10, s.interval_10)));
        let guess = guess.map(|found| ("chance", (found.recall_1, None), (found.recall_10, None)));
        for (name, one, ten) in models.chain(guess) {
            for (measure, (share, interval)) in [("recall_at_1", one), ("recall_at_10", ten)] {
                table.rows.push(vec![
                    format!("{measure}{of}"),
                    name.into(),
                    number(share),
                    known(interval.map(|interval| interval.low)),
                    known(interval.map(|interval| interval.high)),
                ]);
            }
        }
    }
    table
}

/// The training.
pub(super) fn training(input: &ReportInput) -> Table {
    let mut table = Table::new("training", &["step", "loss", "accuracy", "learning_rate"]);
    let row = |s: &crate::HistoryStep| {
        vec![s.step.to_string(), number(s.loss), known(s.accuracy), known(s.learning_rate)]
    };
    table.rows = input.history.iter().map(row).collect();
    table
}
