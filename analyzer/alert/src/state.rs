//! `monitors/<name>/alerts/state.json`: the windows that are known, who was told what, what is muted.
//!
//! Merging facts is commutative and idempotent: the highest revision of a window counts, whatever came first. Who is told is
//! decided in `claim`. Does not know the store.

use crate::fact::{RunFact, Series, WindowFact};
use crate::incident::{Incident, incidents};
use crate::settings::AlertSettings;
use crate::time_text;
use baselines::document::verdict::SeverityV1;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version that is written.
pub const VERSION: &str = "1";
/// Windows of a series that are remembered; an older one that comes late is not counted.
pub const MAX_WINDOWS: usize = 512;
/// Cases, given-up deliveries and ended retrainings that are remembered.
const MAX_CASES: usize = 256;

/// What is known of a monitor's alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertState {
    /// [`VERSION`].
    pub version: String,
    /// The monitor.
    pub monitor: String,
    /// When alerts began: what was over before is not said.
    #[serde(
        default,
        with = "time_text::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub began: Option<i64>,
    /// Windows by series, start and end.
    pub windows: Vec<WindowFact>,
    /// Incidents that were noticed.
    pub cases: Vec<Case>,
    /// Retrainings by token.
    pub runs: BTreeMap<String, KnownRun>,
    /// Mutes that people set.
    pub mutes: Vec<Mute>,
    /// Deliveries that were taken on and are not yet settled, by key.
    pub pending: BTreeMap<String, Pending>,
    /// Deliveries that failed too often.
    pub given_up: BTreeSet<String>,
    /// When each route was sent something, as far back as its rate limit looks.
    pub sent: BTreeMap<String, Vec<Stamp>>,
}

/// A time on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(#[serde(with = "time_text")] pub i64);

/// An incident that was noticed, and who was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name; it keeps it when late windows change where it began.
    pub id: String,
    /// What is watched.
    pub series: Series,
    /// Start of the first alarming window it was seen with.
    #[serde(with = "time_text")]
    pub since: i64,
    /// End of the last one.
    #[serde(with = "time_text")]
    pub until: i64,
    /// Who took it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
    /// By route.
    pub threads: BTreeMap<String, Thread>,
}

/// What a route was told of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    /// How often it was opened.
    pub episode: u32,
    /// The severity that was said.
    pub severity: SeverityV1,
    /// When it was opened.
    #[serde(with = "time_text")]
    pub opened_at: i64,
    /// Reminders that were sent.
    pub n_reminders: u32,
    /// Whether the acknowledgement was said.
    pub acknowledged: bool,
    /// When its recovery was said.
    #[serde(
        default,
        with = "time_text::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub recovered_at: Option<i64>,
}

impl Thread {
    /// Whether the route knows of an incident that goes on.
    pub fn is_open(&self) -> bool {
        self.recovered_at.is_none()
    }
}

/// Who took an incident on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    #[serde(with = "time_text")]
    pub at: i64,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A time in which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// From then on.
    #[serde(with = "time_text")]
    pub from: i64,
    /// And before that.
    #[serde(with = "time_text")]
    pub until: i64,
    /// Who muted.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A retraining and whom it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownRun {
    /// Where it stands.
    pub fact: RunFact,
    /// Stages said, `<stage>/<route>`.
    pub told: BTreeSet<String>,
}

/// A delivery that somebody has taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// Who.
    pub by: String,
    /// Until then nobody else takes it over.
    #[serde(with = "time_text")]
    pub not_before: i64,
    /// How often it was taken on.
    pub attempts: u32,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl AlertState {
    /// Nothing is known yet.
    pub fn new(monitor: &str) -> Self {
        Self {
            version: VERSION.to_owned(),
            monitor: monitor.to_owned(),
            began: None,
            windows: Vec::new(),
            cases: Vec::new(),
            runs: BTreeMap::new(),
            mutes: Vec::new(),
            pending: BTreeMap::new(),
            given_up: BTreeSet::new(),
            sent: BTreeMap::new(),
        }
    }

    /// Takes a window in; whether that changed anything.
    pub fn record(&mut self, fact: &WindowFact) -> bool {
        let key = |window: &WindowFact| (window.series, window.start, window.end);
        match self
            .windows
            .binary_search_by(|window| key(window).cmp(&key(fact)))
        {
            Ok(at) if self.windows[at].revision >= fact.revision => return false,
            Ok(at) => self.windows[at] = fact.clone(),
            Err(at) => {
                self.windows.insert(at, fact.clone());
                self.forget(fact.series);
                return self.windows.iter().any(|window| key(window) == key(fact));
            }
        }
        true
    }

    /// The oldest windows of a series beyond what is remembered.
    fn forget(&mut self, series: Series) {
        let n = self
            .windows
            .iter()
            .filter(|window| window.series == series)
            .count();
        let mut excess = n.saturating_sub(MAX_WINDOWS);
        self.windows.retain(|window| {
            let goes = excess > 0 && window.series == series;
            excess -= usize::from(goes);
            !goes
        });
    }

    /// Takes a retraining in; a stage behind the one that is known changes nothing.
    pub fn record_run(&mut self, fact: &RunFact) -> bool {
        match self.runs.get_mut(&fact.token) {
            Some(known) if known.fact.stage >= fact.stage => false,
            Some(known) => {
                known.fact = fact.clone();
                true
            }
            None => {
                let told = BTreeSet::new();
                let fact = fact.clone();
                self.runs.insert(fact.token.clone(), KnownRun { fact, told });
                true
            }
        }
    }

    /// Incidents of the windows that are known.
    pub fn incidents(&self, settings: &AlertSettings) -> Vec<Incident> {
        incidents(&self.windows, settings.floor(), settings.recover_after)
    }

    /// Whether nothing is to be sent at `now`.
    pub fn is_muted(&self, settings: &AlertSettings, now: i64) -> bool {
        settings.is_muted_hour(now) || self.muted_until(now).is_some()
    }

    /// Until when people muted, if they did.
    pub fn muted_until(&self, now: i64) -> Option<i64> {
        self.mutes
            .iter()
            .filter(|mute| mute.from <= now && now < mute.until)
            .map(|mute| mute.until)
            .max()
    }

    /// Sends nothing from `now` until `until`.
    pub fn mute(&mut self, now: i64, until: i64, by: &str, reason: Option<&str>) {
        self.mutes.retain(|mute| mute.until > now);
        self.mutes.push(Mute {
            from: now,
            until,
            by: by.to_owned(),
            reason: reason.map(str::to_owned),
        });
    }

    /// Ends every mute; whether there was one.
    pub fn unmute(&mut self, now: i64) -> bool {
        let was = self.muted_until(now).is_some();
        self.mutes.clear();
        was
    }

    /// Somebody takes an incident on, the only open one without `id`.
    ///
    /// # Errors
    /// What is wrong, with the incidents that are open.
    pub fn acknowledge(
        &mut self,
        settings: &AlertSettings,
        id: Option<&str>,
        given: &Acknowledgement,
    ) -> Result<String, String> {
        let found = self.incidents(settings);
        let is_open = |case: &Case| {
            case.threads.values().any(Thread::is_open)
                || found
                    .iter()
                    .any(|incident| incident.is_open() && case.meets(incident))
        };
        let open: Vec<String> = self
            .cases
            .iter()
            .filter(|case| is_open(case))
            .map(|case| case.id.clone())
            .collect();
        let chosen = match (id, open.as_slice()) {
            (_, []) => return Err("no incident is open".to_owned()),
            (None, [only]) => only.clone(),
            (None, several) => {
                return Err(format!(
                    "{} incidents are open: {}",
                    several.len(),
                    several.join(", ")
                ));
            }
            (Some(id), open) if open.iter().any(|found| found == id) => id.to_owned(),
            (Some(id), open) => {
                return Err(format!("incident {id} is not open, open: {}", open.join(", ")));
            }
        };
        for case in self.cases.iter_mut().filter(|case| case.id == chosen) {
            case.acknowledged = Some(given.clone());
        }
        Ok(chosen)
    }

    /// Forgets what no decision needs any more.
    pub(crate) fn tidy(&mut self, settings: &AlertSettings, now: i64) {
        let period = settings.rate_limit.map_or(0, |limit| limit.seconds);
        self.sent.retain(|_, stamps| {
            stamps.retain(|stamp| stamp.0 > now - period);
            !stamps.is_empty()
        });
        self.mutes.retain(|mute| mute.until > now);
        let newest: BTreeSet<usize> = self
            .incidents(settings)
            .iter()
            .map(|incident| incident.newest)
            .collect();
        for (at, window) in self.windows.iter_mut().enumerate() {
            if !newest.contains(&at) {
                window.top.clear();
            }
        }
        while self.cases.len() > MAX_CASES
            && let Some(at) = self
                .cases
                .iter()
                .position(|case| !case.threads.values().any(Thread::is_open))
        {
            self.cases.remove(at);
        }
        while self.given_up.len() > MAX_CASES {
            self.given_up.pop_first();
        }
        while self.runs.len() > MAX_CASES {
            let oldest = self
                .runs
                .values()
                .min_by_key(|known| known.fact.at)
                .map(|known| known.fact.token.clone());
            let Some(oldest) = oldest else { break };
            self.runs.remove(&oldest);
        }
    }
}

impl Case {
    /// Whether an incident is this one: they share a window.
    pub fn meets(&self, incident: &Incident) -> bool {
        self.series == incident.series && incident.since < self.until && self.since < incident.until
    }
}
