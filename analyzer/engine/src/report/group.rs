//! Findings of one kind, told once.
//!
//! A drift over two hundred columns is one story with one remedy. Grouping keeps the model's order within a kind and
//! loses nothing; it does not know how a group is laid out.

use super::model::{Finding, Severity};

/// Findings with the same severity and check.
#[derive(Debug)]
pub(super) struct Group<'m> {
    pub(super) severity: Severity,
    pub(super) check: &'m str,
    /// How the limits came about, where all members say the same.
    pub(super) derivation: Option<&'m str>,
    /// What to do, where all members say the same.
    pub(super) remedy: Option<&'m str>,
    /// At least one, in the model's order.
    pub(super) members: Vec<&'m Finding>,
}

impl Group<'_> {
    /// Whether any member has a value or a limit to show.
    pub(super) fn is_measured(&self) -> bool {
        self.members
            .iter()
            .any(|finding| !finding.value.is_empty() || !finding.limit.is_empty())
    }

    /// What `finding`, a member, says beyond the group: its own derivation and remedy.
    pub(super) fn own_words<'f>(&self, finding: &'f Finding) -> [&'f str; 2] {
        let own = |shared: Option<&str>, text: &'f str| if shared.is_some() { "" } else { text };
        [
            own(self.derivation, &finding.derivation),
            own(self.remedy, &finding.remedy),
        ]
    }
}

/// Groups in the order of their first finding.
pub(super) fn group(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let (derivation, remedy) = (finding.derivation.as_str(), finding.remedy.as_str());
        let same = groups
            .iter_mut()
            .find(|g| g.severity == finding.severity && g.check == finding.check);
        match same {
            Some(group) => {
                group.derivation = group.derivation.filter(|shared| *shared == derivation);
                group.remedy = group.remedy.filter(|shared| *shared == remedy);
                group.members.push(finding);
            }
            None => groups.push(Group {
                severity: finding.severity,
                check: &finding.check,
                derivation: Some(derivation),
                remedy: Some(remedy),
                members: vec![finding],
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::group;
    use crate::report::fixture;

    #[test]
    fn what_all_say_is_said_once() {
        let mut findings = fixture::bike().findings;
        findings[2].remedy = "Ask the weather service.".to_owned();
        let groups = group(&findings);
        let sizes: Vec<_> = groups.iter().map(|g| (g.check, g.members.len())).collect();
        let drift = "baseline_drift_check";
        assert_eq!(
            sizes,
            [
                (drift, 5),
                ("completeness_check", 1),
                (drift, 2),
                ("extra_column_check", 1)
            ]
        );
        assert_eq!(groups[0].remedy, None);
        assert_eq!(
            groups[0].own_words(&findings[2]),
            ["", "Ask the weather service."]
        );
        assert_eq!(groups[2].own_words(&findings[6]), ["", ""]);
        assert!(groups[0].is_measured() && !groups[3].is_measured());
    }
}
