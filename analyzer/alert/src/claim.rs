//! What is due, and who takes it on.
//!
//! A delivery has a key made of incident, episode, kind and route: the same for whoever looks, at any time. It is taken on
//! in the state before it is sent and settled behind, so that two at a time do not send it twice. Pure.

use crate::fact::{RunStage, WindowFact};
use crate::incident::Incident;
use crate::notice::{Kind, Notice, Subject};
use crate::settings::{AlertSettings, Route};
use crate::state::{AlertState, Case, Pending, Stamp, Thread};
use baselines::document::verdict::SeverityV1;

/// Seconds after which a delivery that nobody settled may be taken over: longer than a Lambda function can run.
pub(crate) const LEASE_SECONDS: i64 = 960;
/// How often a delivery is taken on before it is given up.
pub(crate) const MAX_ATTEMPTS: u32 = 8;

/// A retraining's stage that is older is not said any more: a route that is new hears of new ones.
const STALE_RUN_SECONDS: i64 = 86_400;

/// A delivery that was taken on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claim {
    pub(crate) key: String,
    /// Folder of its receipt: the case, or the retraining's token.
    pub(crate) group: String,
    pub(crate) route: String,
    pub(crate) notice: Notice,
    /// Whether somebody may have sent it before.
    pub(crate) again: bool,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
    Sent,
    /// Not yet; not before this time.
    Failed {
        retry_at: i64,
        error: String,
    },
}

/// One thing to be said to one route.
struct Due {
    key: String,
    group: String,
    route: String,
    notice: Notice,
    /// Needs a place in the list of cases, which a new incident does not have yet.
    new_case: Option<Case>,
}

/// `case.episode.kind.route`, reminders with their number: the receiver's idempotency key.
pub(crate) fn key(group: &str, episode: u32, kind: Kind, n: u32, route: &str) -> String {
    let kind = if n == 0 {
        kind.name().to_owned()
    } else {
        format!("{}-{n}", kind.name())
    };
    format!("{group}.{episode}.{kind}.{route}")
}

impl AlertState {
    /// Takes on what is due at `now`, for `by`.
    pub(crate) fn claim(
        &mut self,
        settings: &AlertSettings,
        subject: &Subject,
        now: i64,
        by: &str,
    ) -> Vec<Claim> {
        let found = self.incidents(settings);
        let is_new = self.began.is_none();
        self.began.get_or_insert(now);
        let muted = self.is_muted(settings, now);
        for incident in &found {
            let over_before = is_new && !incident.is_open();
            if (muted || over_before) && !self.cases.iter().any(|case| case.meets(incident)) {
                self.cases.push(case_of(incident));
            }
        }
        if is_new {
            let routes: Vec<&String> = settings.routes.keys().collect();
            for known in self.runs.values_mut().filter(|known| known.fact.stage.is_final()) {
                known
                    .told
                    .extend(routes.iter().map(|route| told_key(Kind::RetrainingEnded, route)));
            }
        }
        self.widen(&found);
        self.close_quietly(settings, &found, now);
        if muted {
            return Vec::new();
        }
        let mut claims = Vec::new();
        let due = self.due(settings, subject, &found, now);
        self.pending
            .retain(|key, pending| now < pending.not_before || due.iter().any(|due| due.key == *key));
        for due in due {
            if let Some(claim) = self.take(due, settings, now, by) {
                claims.push(claim);
            }
        }
        self.tidy(settings, now);
        claims
    }

    /// Ends a delivery. Settling twice changes nothing.
    pub(crate) fn settle(&mut self, claim: &Claim, how: &Settlement, now: i64) {
        let Some(pending) = self.pending.get_mut(&claim.key) else {
            return;
        };
        if let Settlement::Failed { retry_at, error } = how {
            pending.error = Some(error.clone());
            pending.not_before = *retry_at;
            if pending.attempts >= MAX_ATTEMPTS {
                self.pending.remove(&claim.key);
                self.given_up.insert(claim.key.clone());
            }
            return;
        }
        self.pending.remove(&claim.key);
        if let Some(known) = self.runs.get_mut(&claim.group) {
            known.told.insert(told_key(claim.notice.kind, &claim.route));
            return;
        }
        let Some(case) = self.cases.iter_mut().find(|case| case.id == claim.group) else {
            return;
        };
        let severity = claim.notice.severity;
        if claim.notice.kind == Kind::Opened {
            let thread = Thread {
                episode: claim.notice.episode,
                severity,
                opened_at: now,
                n_reminders: 0,
                acknowledged: false,
                recovered_at: None,
            };
            if thread.episode > 1 {
                case.acknowledged = None;
            }
            case.threads.insert(claim.route.clone(), thread);
            return;
        }
        let Some(thread) = case.threads.get_mut(&claim.route) else {
            return;
        };
        match claim.notice.kind {
            Kind::Escalated => thread.severity = severity,
            Kind::Reminder => thread.n_reminders = thread.n_reminders.max(claim.notice.reminder.unwrap_or(0)),
            Kind::Acknowledged => thread.acknowledged = true,
            Kind::Recovered => thread.recovered_at = Some(now),
            Kind::Opened | Kind::RetrainingStarted | Kind::RetrainingEnded | Kind::Test => {}
        }
    }

    /// Cases grow with the incidents they met.
    fn widen(&mut self, found: &[Incident]) {
        for case in &mut self.cases {
            let met = found.iter().filter(|incident| case.meets(incident));
            if let Some((since, until)) = met
                .map(|incident| (incident.since, incident.until))
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            {
                case.since = case.since.min(since);
                case.until = case.until.max(until);
            }
        }
    }

    /// Where recoveries are not said, and where a route is gone, what is over is closed without a word.
    fn close_quietly(&mut self, settings: &AlertSettings, found: &[Incident], now: i64) {
        for case in &mut self.cases {
            let met: Vec<&Incident> = found
                .iter()
                .filter(|incident| incident.is_open() && case.meets(incident))
                .collect();
            for (name, thread) in &mut case.threads {
                let route = settings.routes.get(name);
                let goes_on = |route: &Route| met.iter().any(|incident| incident.severity >= route.severity);
                if !route.is_some_and(|route| route.recoveries || goes_on(route)) {
                    thread.recovered_at.get_or_insert(now);
                }
            }
        }
    }

    fn take(&mut self, due: Due, settings: &AlertSettings, now: i64, by: &str) -> Option<Claim> {
        if self.given_up.contains(&due.key) {
            return None;
        }
        let before = self.pending.get(&due.key);
        if before.is_some_and(|pending| now < pending.not_before) {
            return None;
        }
        let stamps = self.sent.entry(due.route.clone()).or_default();
        if let Some(limit) = settings.rate_limit {
            let n = stamps
                .iter()
                .filter(|stamp| stamp.0 > now - limit.seconds)
                .count();
            if n >= limit.n as usize {
                return None;
            }
        }
        stamps.push(Stamp(now));
        let attempts = before.map_or(0, |pending| pending.attempts) + 1;
        let error = before.and_then(|pending| pending.error.clone());
        let again = before.is_some();
        self.pending.insert(
            due.key.clone(),
            Pending {
                by: by.to_owned(),
                not_before: now + LEASE_SECONDS,
                attempts,
                error,
            },
        );
        if let Some(case) = due.new_case
            && !self.cases.iter().any(|known| known.id == case.id)
        {
            self.cases.push(case);
        }
        Some(Claim {
            key: due.key,
            group: due.group,
            route: due.route,
            notice: due.notice,
            again,
        })
    }

    fn due(&self, settings: &AlertSettings, subject: &Subject, found: &[Incident], now: i64) -> Vec<Due> {
        let mut due = Vec::new();
        for (name, route) in &settings.routes {
            for incident in found {
                due.extend(self.opening(name, route, subject, incident, now));
            }
            for case in &self.cases {
                due.extend(self.going_on(name, route, settings, subject, case, found, now));
            }
            for known in self.runs.values().filter(|_| route.retraining) {
                let fact = &known.fact;
                let kind = if fact.stage.is_final() {
                    Kind::RetrainingEnded
                } else {
                    Kind::RetrainingStarted
                };
                if known.told.contains(&told_key(kind, name)) || now - fact.at > STALE_RUN_SECONDS {
                    continue;
                }
                due.push(Due {
                    key: key(&fact.token, fact.revision, kind, 0, name),
                    group: fact.token.clone(),
                    route: name.clone(),
                    notice: Notice::of_run(subject, kind, fact, now),
                    new_case: None,
                });
            }
        }
        due
    }

    /// The opening of an incident that a route does not know to be open.
    fn opening(
        &self,
        name: &str,
        route: &Route,
        subject: &Subject,
        incident: &Incident,
        now: i64,
    ) -> Option<Due> {
        let met: Vec<&Case> = self.cases.iter().filter(|case| case.meets(incident)).collect();
        let thread = |case: &Case| case.threads.get(name).cloned();
        let knows = met
            .iter()
            .any(|case| thread(case).is_some_and(|thread| thread.is_open()));
        let next = |case: &Case| thread(case).map_or(0, |thread| thread.episode) + 1;
        let taken_on = |case: &&Case| {
            self.pending
                .contains_key(&key(&case.id, next(case), Kind::Opened, 0, name))
        };
        // What is over already is said if nobody noticed it before, or if saying it was taken on.
        let is_due = incident.is_open() || met.is_empty() || met.iter().any(taken_on);
        if incident.severity < route.severity || knows || !is_due {
            return None;
        }
        let (case, new_case) = match met.into_iter().max_by_key(|case| case.until) {
            Some(case) => (case.clone(), None),
            None => {
                let case = self.unique(case_of(incident));
                (case.clone(), Some(case))
            }
        };
        let episode = next(&case);
        let notice = Notice::of_incident(subject, Kind::Opened, &case, incident, self.window(incident), now);
        Some(Due {
            key: key(&case.id, episode, Kind::Opened, 0, name),
            group: case.id.clone(),
            route: name.to_owned(),
            notice: Notice { episode, ..notice },
            new_case,
        })
    }

    /// What follows the opening.
    #[expect(
        clippy::too_many_arguments,
        reason = "one look at everything; called from one place"
    )]
    fn going_on(
        &self,
        name: &str,
        route: &Route,
        settings: &AlertSettings,
        subject: &Subject,
        case: &Case,
        found: &[Incident],
        now: i64,
    ) -> Option<Due> {
        let thread = case.threads.get(name).filter(|thread| thread.is_open())?;
        let due = |kind: Kind, n: u32, notice: Notice| Due {
            key: key(&case.id, thread.episode, kind, n, name),
            group: case.id.clone(),
            route: name.to_owned(),
            notice: Notice {
                episode: thread.episode,
                reminder: (n > 0).then_some(n),
                ..notice
            },
            new_case: None,
        };
        let concerns = |incident: &&Incident| {
            incident.is_open() && case.meets(incident) && incident.severity >= route.severity
        };
        let Some(incident) = found
            .iter()
            .filter(concerns)
            .max_by_key(|incident| incident.until)
        else {
            let ended = found.iter().rev().find(|incident| case.meets(incident));
            let window = ended
                .and_then(|incident| incident.recovered)
                .map(|at| &self.windows[at]);
            let notice = Notice::of_recovery(subject, case, thread.severity, window, now);
            return Some(due(Kind::Recovered, 0, notice));
        };
        let notice = |kind| Notice::of_incident(subject, kind, case, incident, self.window(incident), now);
        if incident.severity > thread.severity {
            let n = u32::from(incident.severity == SeverityV1::Violation) + 1;
            let mut escalated = due(Kind::Escalated, n, notice(Kind::Escalated));
            escalated.notice.reminder = None;
            return Some(escalated);
        }
        if case.acknowledged.is_some() {
            return (!thread.acknowledged).then(|| due(Kind::Acknowledged, 0, notice(Kind::Acknowledged)));
        }
        let every = settings
            .remind_every
            .filter(|every| *every > 0 && route.reminders)?;
        let n = u32::try_from((now - thread.opened_at) / every).unwrap_or(0);
        (n > thread.n_reminders).then(|| due(Kind::Reminder, n, notice(Kind::Reminder)))
    }

    fn window(&self, incident: &Incident) -> &WindowFact {
        &self.windows[incident.newest]
    }

    /// The case under a name that no other has.
    fn unique(&self, mut case: Case) -> Case {
        let base = case.id.clone();
        let mut n = 1;
        while self.cases.iter().any(|known| known.id == case.id) {
            n += 1;
            case.id = format!("{base}-{n}");
        }
        case
    }
}

fn case_of(incident: &Incident) -> Case {
    Case {
        id: incident.id(),
        series: incident.series,
        since: incident.since,
        until: incident.until,
        acknowledged: None,
        threads: std::collections::BTreeMap::new(),
    }
}

fn told_key(kind: Kind, route: &str) -> String {
    format!("{}/{route}", kind.name())
}

/// The severity of a stage.
pub(crate) fn severity_of(stage: RunStage) -> SeverityV1 {
    match stage {
        RunStage::Started | RunStage::Succeeded => SeverityV1::Info,
        RunStage::Stopped | RunStage::Failed => SeverityV1::Warning,
    }
}
