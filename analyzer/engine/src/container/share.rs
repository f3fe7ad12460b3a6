//! One window read by several hosts: each profiles its share of the objects, the first merges.
//!
//! The result is byte for byte that of one host which has all objects: hosts agree on the look of the records before
//! they read, states merge exactly (`baselines::profile`), objects keep their place in the order of all keys, and a
//! record delivered twice counts where its first object stands, on whichever host that is: a host that learns so reads
//! its share again without it. Does not know what is made of the result.

use super::exchange::Link;
use crate::error::{EngineError, ErrorKind};
use crate::plan::ScanColumns;
use crate::probe::{Look, Probe, combine, look};
use crate::progress::Progress;
use crate::scan::{RecordCounts, ScanOutcome, ScanSettings, ScannedObject, Share, scan_share};
use crate::sources::Source;
use ::scan::share::{PartHead, broken, pack, unpack};
use baselines::profile::{ExactUntil, Grid, Profile};
use baselines::summary::{DatasetSummary, Distinct};
use capture::layout::Layout;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What a host has, as it tells the first one.
#[derive(Debug, Serialize, Deserialize)]
struct Inventory {
    keys: Vec<String>,
    looks: Vec<Look>,
    n_outside_window: usize,
}

/// What the first host tells the others once all inventories are there.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Agreement {
    probe: Probe,
    /// Place of each of the host's objects in the order of all keys.
    places: Vec<u32>,
}

/// What a host is asked for.
#[derive(Debug, Serialize, Deserialize)]
enum Task {
    /// Its profile. `grids`: columns that are counted on a grid, with its edges.
    Profile {
        grids: Vec<(usize, Vec<f64>)>,
        elsewhere: Vec<u64>,
    },
    /// Its rows, for metrics of predictions.
    Rows,
    /// Nothing more.
    Done,
}

/// The hosts that read together.
#[derive(Debug)]
pub(crate) struct Team {
    links: Arc<Vec<Link>>,
    is_leader: bool,
    /// What all records look like, and not only this host's.
    pub(crate) probe: Probe,
    pub(crate) sources: Vec<Source>,
    /// Objects of all hosts.
    pub(crate) n_objects: usize,
    pub(crate) n_outside_window: usize,
    places: Vec<u32>,
    all_places: Vec<Vec<u32>>,
    grids: Vec<(usize, Vec<f64>)>,
}

fn fault(error: serde_json::Error) -> EngineError {
    broken(&error.to_string()).with_source(error)
}

fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, EngineError> {
    serde_json::to_vec(value).map_err(fault)
}

impl Team {
    /// Agrees with the others on what the records look like. Without links this host is alone.
    pub(crate) async fn gather(
        links: Arc<Vec<Link>>,
        is_leader: bool,
        sources: Vec<Source>,
        n_outside_window: usize,
        layout: &Layout,
    ) -> Result<Self, EngineError> {
        let own = Inventory {
            keys: sources.iter().map(|source| source.shown_key.clone()).collect(),
            looks: look(&sources, layout).await?,
            n_outside_window,
        };
        let mut team = Self {
            links,
            is_leader,
            probe: Probe::default(),
            n_objects: sources.len(),
            sources,
            n_outside_window,
            places: Vec::new(),
            all_places: Vec::new(),
            grids: Vec::new(),
        };
        if !is_leader {
            let leader = team.leader()?;
            leader.send(&to_bytes(&own)?).await?;
            let agreed: Agreement = serde_json::from_slice(&leader.receive().await?).map_err(fault)?;
            (team.probe, team.places) = (agreed.probe, agreed.places);
            return Ok(team);
        }
        let mut all = vec![own];
        let received = try_join_all(team.links.iter().map(Link::receive)).await?;
        for bytes in received {
            all.push(serde_json::from_slice::<Inventory>(&bytes).map_err(fault)?);
        }
        let mut order: Vec<(&str, usize, usize)> = all
            .iter()
            .enumerate()
            .flat_map(|(host, inventory)| {
                let keys = inventory.keys.iter().enumerate();
                keys.map(move |(idx, key)| (key.as_str(), host, idx))
            })
            .collect();
        order.sort_unstable();
        if let Some(pair) = order.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{} lies on two hosts, so its records would count twice",
                    pair[0].0
                ),
            )
            .with_hint("the input must be ShardedByS3Key, so that each host has a share of its own"));
        }
        let mut places: Vec<Vec<u32>> = all.iter().map(|part| vec![0; part.keys.len()]).collect();
        let mut looks = Vec::new();
        for (place, (_, host, idx)) in order.iter().enumerate() {
            places[*host][*idx] = place as u32;
            looks.extend(all[*host].looks.get(*idx).cloned());
        }
        team.probe = combine(&looks);
        team.n_objects = order.len();
        team.n_outside_window = all.iter().map(|part| part.n_outside_window).sum();
        for (link, places) in team.links.iter().zip(&places[1..]) {
            let agreed = Agreement {
                probe: team.probe.clone(),
                places: places.clone(),
            };
            link.send(&to_bytes(&agreed)?).await?;
        }
        team.places.clone_from(&places[0]);
        team.all_places = places;
        Ok(team)
    }

    /// Of a host that has nothing to do.
    pub(crate) fn idle() -> Self {
        Self {
            links: Arc::default(),
            is_leader: false,
            probe: Probe::default(),
            sources: Vec::new(),
            n_objects: 0,
            n_outside_window: 0,
            places: Vec::new(),
            all_places: Vec::new(),
            grids: Vec::new(),
        }
    }

    /// Whether this host merges.
    pub(crate) fn is_leader(&self) -> bool {
        self.is_leader
    }

    /// What places this host's objects have among all, where others have some.
    pub(crate) fn own_share(&self) -> Option<Arc<Share>> {
        (!self.is_alone()).then(|| self.share([]))
    }

    fn leader(&self) -> Result<&Link, EngineError> {
        self.links.first().ok_or_else(|| {
            EngineError::new(
                ErrorKind::Internal,
                "a host that does not merge has no way to the one that does",
            )
        })
    }

    /// Whether others read too.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_leader && self.links.is_empty()
    }

    /// From now on columns are counted on these grids.
    pub(crate) fn set_grids(&mut self, grids: Vec<(usize, Vec<f64>)>) {
        self.grids = grids;
    }

    fn share(&self, elsewhere: impl IntoIterator<Item = u64>) -> Arc<Share> {
        Arc::new(Share {
            places: self.places.clone(),
            elsewhere: elsewhere.into_iter().collect(),
        })
    }

    /// The profile of all objects, from all hosts. Only the first host calls it.
    pub(crate) async fn scan(
        &self,
        columns: &ScanColumns,
        settings: &ScanSettings,
        progress: &dyn Progress,
    ) -> Result<ScanOutcome, EngineError> {
        if self.is_alone() {
            return crate::scan::scan(&self.sources, columns, settings, progress).await;
        }
        self.order(|_| Task::Profile {
            grids: self.grids.clone(),
            elsewhere: Vec::new(),
        })
        .await?;
        let own = async {
            let with_share = ScanSettings {
                share: Some(self.share([])),
                ..settings.clone()
            };
            scan_share(&self.sources, columns, &with_share, progress).await
        };
        let (own, received) =
            futures::future::try_join(own, try_join_all(self.links.iter().map(Link::receive))).await?;
        let mut parts = vec![(PartHead::of(&own.1), own.0)];
        let mut bytes = Vec::new();
        for message in received {
            let (part, profile) = unpack::<PartHead>(&message)?;
            bytes.push(profile.to_vec());
            parts.push((part, Profile::new(&columns.plans)));
        }
        let repeated = self.repeated(parts.iter().map(|(part, _)| part));
        if repeated.iter().any(|ids| !ids.is_empty()) {
            self.order(|host| Task::Profile {
                grids: self.grids.clone(),
                elsewhere: repeated[host + 1].iter().copied().collect(),
            })
            .await?;
            let again = async {
                let with_share = ScanSettings {
                    share: Some(self.share(repeated[0].iter().copied())),
                    ..settings.clone()
                };
                scan_share(&self.sources, columns, &with_share, progress).await
            };
            let (own, received) =
                futures::future::try_join(again, try_join_all(self.links.iter().map(Link::receive))).await?;
            parts = vec![(PartHead::of(&own.1), own.0)];
            bytes.clear();
            for message in received {
                let (part, profile) = unpack::<PartHead>(&message)?;
                bytes.push(profile.to_vec());
                parts.push((part, Profile::new(&columns.plans)));
            }
        }
        let mut parts = parts.into_iter();
        let Some((first, mut profile)) = parts.next() else {
            return Err(EngineError::new(ErrorKind::Internal, "no host has read anything"));
        };
        let mut outcome = self.outcome(first);
        for ((part, _), (bytes, (host, link))) in parts.zip(bytes.iter().zip(self.links.iter().enumerate())) {
            profile.merge_bytes(bytes).map_err(|error| {
                EngineError::new(
                    ErrorKind::Internal,
                    format!("the profile of host {} cannot be merged: {error}", link.name),
                )
                .with_hint("all hosts must run the same image with the same baseline")
            })?;
            part.add_to(&mut outcome, &self.all_places[host + 1]);
        }
        outcome.n_dropped_columns = profile.n_dropped_columns();
        outcome.summary = profile.finish();
        Ok(outcome)
    }

    /// Sends each host its task; `of` gets the host's place among the others.
    async fn order(&self, of: impl Fn(usize) -> Task) -> Result<(), EngineError> {
        let tasks: Vec<Vec<u8>> = (0..self.links.len())
            .map(|host| to_bytes(&of(host)))
            .collect::<Result<_, _>>()?;
        try_join_all(self.links.iter().zip(&tasks).map(|(link, task)| link.send(task))).await?;
        Ok(())
    }

    /// Ids that several hosts have, for each host but the one whose object comes first.
    fn repeated<'p>(&self, parts: impl Iterator<Item = &'p PartHead>) -> Vec<HashSet<u64>> {
        let mut first: HashMap<u64, (u32, usize)> = HashMap::new();
        let mut repeated = vec![HashSet::new(); self.links.len() + 1];
        for (host, part) in parts.enumerate() {
            for (id, object) in &part.event_ids {
                let place = self.all_places[host]
                    .get(*object as usize)
                    .copied()
                    .unwrap_or(u32::MAX);
                match first.get(id).copied() {
                    None => {
                        first.insert(*id, (place, host));
                    }
                    Some((known, _)) if known <= place => {
                        repeated[host].insert(*id);
                    }
                    Some((_, other)) => {
                        repeated[other].insert(*id);
                        first.insert(*id, (place, host));
                    }
                }
            }
        }
        repeated
    }

    fn outcome(&self, first: PartHead) -> ScanOutcome {
        let mut outcome = ScanOutcome {
            summary: DatasetSummary {
                n_rows: 0,
                columns: Vec::new(),
            },
            records: RecordCounts::default(),
            objects: vec![ScannedObject::default(); self.n_objects],
            volume: BTreeMap::new(),
            first_second: None,
            last_second: None,
            rejects: Vec::new(),
            event_ids: Vec::new(),
            n_dropped_columns: Distinct::Exact(0),
        };
        first.add_to(&mut outcome, &self.all_places[0]);
        outcome
    }

    /// The rows of the other hosts, as they sent them. Only the first host calls it.
    pub(crate) async fn rows(&self) -> Result<Vec<Vec<u8>>, EngineError> {
        self.order(|_| Task::Rows).await?;
        try_join_all(self.links.iter().map(Link::receive)).await
    }

    /// Does what the first host asks for, until it has what it needs.
    pub(crate) async fn serve<F: Future<Output = Result<Vec<u8>, EngineError>>>(
        &self,
        columns: &ScanColumns,
        settings: &ScanSettings,
        progress: &dyn Progress,
        rows: impl Fn() -> F,
    ) -> Result<(), EngineError> {
        let leader = self.leader()?;
        loop {
            match serde_json::from_slice(&leader.receive().await?).map_err(fault)? {
                Task::Done => {
                    leader.quiet().await;
                    return leader.send(b"gone").await;
                }
                Task::Rows => leader.send(&rows().await?).await?,
                Task::Profile { grids, elsewhere } => {
                    let mut columns = columns.clone();
                    on_grids(&mut columns, &grids)?;
                    let settings = ScanSettings {
                        share: Some(self.share(elsewhere)),
                        ..settings.clone()
                    };
                    let (profile, outcome) = scan_share(&self.sources, &columns, &settings, progress).await?;
                    leader
                        .send(&pack(
                            &PartHead::of(&outcome),
                            &profile.to_bytes().map_err(|error| broken(&error.to_string()))?,
                        )?)
                        .await?;
                }
            }
        }
    }

    /// Lets the others go: what they gave is in a result that is written. Removes what the exchange has left behind.
    pub(crate) async fn dismiss(&self) -> Result<(), EngineError> {
        if !self.is_leader || self.links.is_empty() {
            return Ok(());
        }
        self.order(|_| Task::Done).await?;
        // Who does not say good-bye has given its share all the same.
        let _goodbyes = futures::future::join_all(self.links.iter().map(Link::receive)).await;
        for link in &*self.links {
            link.quiet().await;
        }
        if let Some(link) = self.links.first() {
            link.clear().await;
        }
        Ok(())
    }
}

/// Counts columns on grids that were found in a first reading.
fn on_grids(columns: &mut ScanColumns, grids: &[(usize, Vec<f64>)]) -> Result<(), EngineError> {
    for (idx, edges) in grids {
        let plan = columns
            .plans
            .get_mut(*idx)
            .ok_or_else(|| broken(&format!("a grid for column {idx}, which is not planned")))?;
        plan.grid = Arc::new(Grid::from_edges(edges.iter().copied()));
        plan.exact_until = ExactUntil::Numbers(0);
    }
    Ok(())
}
