//! The tables of a study for the songs as they are now, of which some have come and others have gone.

use std::io::Write;
use std::path::Path;

use ndarray::{Array2, ArrayView2};
use songscape_project::{Progress, SongTable, write_atomic, write_csv};

use super::applied::SongRow;
use super::outputs::{DECADE_MAPS, FILES, Outputs, TREE};
use super::{Applied, Scores, Study};
use crate::error::{Error, Result};
use crate::music::Representatives;
use crate::music::classes::{self, ClassRow};
use crate::music::tables::{self, ClusterRow, NeighborRow, OutlierRow};
use crate::music::years::YearPrediction;
use crate::vectors::{read_npy, write_npy};

/// The songs as they are now, beside a study of them as they were.
#[derive(Debug, Clone, Copy)]
pub struct Grown<'a> {
    /// The songs now.
    pub songs: &'a SongTable,
    /// For each of them its row in the study, `None` for a new one.
    pub rows: &'a [Option<usize>],
    /// The vectors of the new ones, in order.
    pub new: ArrayView2<'a, f32>,
}

impl Study {
    /// Writes the tables of a study again for the songs as they are now. `studied` is the folder that
    /// [`study_and_keep`](super::study_and_keep) wrote, `folder` another one.
    ///
    /// What was there stays: the places, clusters, outlier scores and predicted years of songs of the study
    /// do not change by a bit, and neither do their neighbours, but for those that are gone. New
    /// songs are as [`apply`](Self::apply) finds them, and listed in `added.csv`
    /// (`row,label,name,probability,outlier,predicted,low,high`). In `clusters.csv` a new song that is in no
    /// cluster has the nearest cluster and the group of the song most like it; its soft membership is not
    /// computed, and 0 there. A new song that has a year is in `years.csv` in a fold after the others. Shares and years of clusters are of the songs now; the scores, trends
    /// and the change from year to year are of the songs that were studied, and so is the condensed tree,
    /// which stays in `studied`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] and [`Error::Parameter`] when the rows are not those of the songs and of
    /// the study; as [`apply`](Self::apply); [`Error::Project`] and [`Error::File`] when a file cannot be
    /// read or written.
    pub fn write_grown(
        &self,
        studied: impl AsRef<Path>,
        grown: &Grown,
        folder: impl AsRef<Path>,
        progress: &dyn Progress,
    ) -> Result<Applied> {
        let (studied, folder) = (studied.as_ref(), folder.as_ref());
        let now = Now::of(grown, self.songs().len())?;
        let applied = self.apply(grown.new, progress)?;
        let out = &Outputs::create(folder, &[])?;
        let mut labels = vec![-1; now.songs];
        for name in FILES {
            let file = &studied.join(name);
            if !file.is_file() || name == TREE || name == DECADE_MAPS {
                continue;
            }
            let path = &out.path(name)?;
            match name {
                "umap.npy" => write_npy(path, now.map(file, &applied)?.view())?,
                "clusters.csv" => {
                    let rows = now.clusters(file, &applied)?;
                    rows.iter().for_each(|row| labels[row.row] = row.label);
                    write_csv(path, &ClusterRow::HEADER, rows)?;
                }
                "outliers.csv" => {
                    write_csv(path, &["row", "outlier"], now.outliers(file, &applied)?)?
                }
                "neighbors.csv" => {
                    let header = ["row", "rank", "neighbor", "distance"];
                    write_csv(path, &header, now.neighbors(file, &applied)?)?;
                }
                "representatives.csv" => {
                    tables::write_representatives(path, &now.representatives(file)?)?;
                }
                "classes.csv" => {
                    let rows = songscape_project::read_rows(file)?;
                    let rows =
                        now.by_song(file, rows, [], |entry: &mut ClassRow| &mut entry.row)?;
                    classes::write_classes(path, rows)?;
                }
                "years.csv" => {
                    let header = ["row", "fold", "year", "predicted", "low", "high"];
                    write_csv(path, &header, now.years(file, grown.songs, &applied)?)?;
                }
                // Before this one come the labels: the files are in that order.
                "shares_per_year.csv" => {
                    let shares = tables::shares_per_year(&labels, &grown.songs.years())?;
                    tables::write_shares_per_year(path, &shares)?;
                }
                "years_per_cluster.csv" => {
                    let years = tables::years_per_cluster(&labels, &grown.songs.years())?;
                    tables::write_years_per_cluster(path, &years)?;
                }
                _ => copy(file, path)?,
            }
        }
        let added = now.new.iter().enumerate();
        let added = added.map(|(new, &row)| applied.song(self, new, row));
        write_csv(out.path("added.csv")?, &SongRow::HEADER, added)?;
        out.finish(&Scores::read(studied)?)?;
        Ok(applied)
    }
}

/// Where songs are now.
struct Now {
    songs: usize,
    /// For each song of the study its row now.
    studied: Vec<Option<usize>>,
    /// The rows of the new songs, in order.
    new: Vec<usize>,
}

impl Now {
    fn of(grown: &Grown, studied: usize) -> Result<Self> {
        let (found, expected) = (grown.rows.len(), grown.songs.songs.len());
        if found != expected {
            return Err(Error::LengthMismatch { what: "rows", found, expected });
        }
        let mut now = Self { songs: expected, studied: vec![None; studied], new: Vec::new() };
        for (row, own) in grown.rows.iter().enumerate() {
            match *own {
                None => now.new.push(row),
                Some(own) => match now.studied.get_mut(own) {
                    Some(place @ None) => *place = Some(row),
                    Some(_) => return Err(Error::parameter("row", own, "no row twice")),
                    None => return Err(Error::parameter("row", own, "a song of the study")),
                },
            }
        }
        let (found, expected) = (grown.new.nrows(), now.new.len());
        if found != expected {
            return Err(Error::LengthMismatch { what: "new vectors", found, expected });
        }
        Ok(now)
    }

    /// The row now of a song of the study.
    fn row(&self, studied: usize, file: &Path) -> Result<Option<usize>> {
        self.studied.get(studied).copied().ok_or_else(|| {
            let reason = format!("row {studied}, expected rows below {}", self.studied.len());
            Error::File { path: file.into(), reason }
        })
    }

    /// The rows of a table that belong to songs that are there, and those of new songs, by song.
    fn by_song<T>(
        &self,
        file: &Path,
        studied: impl IntoIterator<Item = T>,
        new: impl IntoIterator<Item = T>,
        row: impl Fn(&mut T) -> &mut usize,
    ) -> Result<Vec<T>> {
        let mut all = Vec::with_capacity(self.songs);
        for mut entry in studied {
            let place = row(&mut entry);
            if let Some(now) = self.row(*place, file)? {
                *place = now;
                all.push((now, entry));
            }
        }
        all.extend(new.into_iter().map(|mut entry| (*row(&mut entry), entry)));
        all.sort_by_key(|(now, _)| *now);
        Ok(all.into_iter().map(|(_, entry)| entry).collect())
    }

    fn map(&self, file: &Path, applied: &Applied) -> Result<Array2<f32>> {
        let studied = read_npy(file)?;
        let expected = (self.studied.len(), applied.map.ncols());
        if studied.dim() != expected {
            let reason = format!("shape {:?}, expected {expected:?}", studied.dim());
            return Err(Error::File { path: file.into(), reason });
        }
        let mut map = Array2::zeros((self.songs, expected.1));
        for (from, to) in studied.rows().into_iter().zip(&self.studied) {
            if let Some(to) = *to {
                map.row_mut(to).assign(&from);
            }
        }
        for (from, &to) in applied.map.rows().into_iter().zip(&self.new) {
            map.row_mut(to).assign(&from);
        }
        Ok(map)
    }

    fn clusters(&self, file: &Path, applied: &Applied) -> Result<Vec<ClusterRow>> {
        let studied = tables::read_clusters(file)?;
        let new = self.new.iter().enumerate().map(|(new, &row)| {
            let label = applied.labels[new];
            // Whatever is in the cluster is in its group; what is in none goes with the song most like it.
            let like = match label {
                -1 => studied.get(applied.nearest.indices[[new, 0]] as usize),
                _ => studied.iter().find(|other| other.label == label),
            };
            ClusterRow {
                row,
                label,
                probability: applied.probabilities[new],
                // It was no point of the clustering.
                glosh: 0.0,
                nearest: like.map_or(label, |like| like.nearest),
                membership: 0.0,
                group: like.map_or(-1, |like| like.group),
            }
        });
        let new: Vec<ClusterRow> = new.collect();
        self.by_song(file, studied, new, |entry| &mut entry.row)
    }

    fn outliers(&self, file: &Path, applied: &Applied) -> Result<Vec<OutlierRow>> {
        let new = self.new.iter().zip(&applied.outliers);
        let new = new.map(|(&row, &outlier)| OutlierRow { row, outlier });
        self.by_song(file, tables::read_outliers(file)?, new, |entry| &mut entry.row)
    }

    /// Neighbours that are gone leave the others closer up.
    fn neighbors(&self, file: &Path, applied: &Applied) -> Result<Vec<NeighborRow>> {
        let near = &applied.nearest;
        let new = near.indices.indexed_iter().map(|((new, place), &neighbor)| NeighborRow {
            row: self.new[new],
            rank: place + 1,
            neighbor,
            distance: near.distances[[new, place]],
        });
        let studied = songscape_project::read_rows(file)?;
        let mut rows: Vec<NeighborRow> =
            self.by_song(file, studied, new, |entry: &mut NeighborRow| &mut entry.row)?;
        let mut known = Vec::with_capacity(rows.len());
        for row in rows.drain(..) {
            if let Some(neighbor) = self.row(row.neighbor as usize, file)? {
                let before = known.last().filter(|last: &&NeighborRow| last.row == row.row);
                let rank = before.map_or(1, |last| last.rank + 1);
                known.push(NeighborRow { rank, neighbor: neighbor as u32, ..row });
            }
        }
        Ok(known)
    }

    fn representatives(&self, file: &Path) -> Result<Vec<Representatives>> {
        let mut all = tables::read_representatives(file)?;
        for Representatives { rows, .. } in &mut all {
            let now: Result<Vec<_>> = rows.iter().map(|&row| self.row(row, file)).collect();
            *rows = now?.into_iter().flatten().collect();
        }
        all.retain(|typical| !typical.rows.is_empty());
        Ok(all)
    }

    fn years(
        &self,
        file: &Path,
        songs: &SongTable,
        applied: &Applied,
    ) -> Result<Vec<YearPrediction>> {
        let studied = tables::read_years(file)?;
        let fold = studied.iter().map(|row| row.fold + 1).max().unwrap_or_default();
        let guessed = applied.years.iter().flatten().zip(&self.new);
        let new = guessed.filter_map(|(guessed, &row)| {
            Some(YearPrediction {
                row,
                fold,
                year: songs.songs[row].year?,
                predicted: guessed.predicted,
                low: guessed.low,
                high: guessed.high,
            })
        });
        self.by_song(file, studied, new, |entry| &mut entry.row)
    }
}

/// Copies the tables and the scores that [`study_and_keep`](super::study_and_keep) wrote into another
/// folder.
///
/// # Errors
/// [`Error::Project`] and [`Error::File`] when a file cannot be read or written.
pub fn copy_tables(studied: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<()> {
    let studied = studied.as_ref();
    let out = Outputs::create(folder.as_ref(), &[])?;
    for name in FILES {
        let file = studied.join(name);
        if file.is_file() {
            copy(&file, &out.path(name)?)?;
        }
    }
    out.finish(&Scores::read(studied)?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let fault =
        |error: std::io::Error| Error::File { path: from.into(), reason: error.to_string() };
    let content = std::fs::read(from).map_err(fault)?;
    Ok(write_atomic(to, |file| file.write_all(&content))?)
}
