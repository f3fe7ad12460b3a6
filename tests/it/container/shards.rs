//! `ShardedByS3Key` promises every host some of the objects and says not which: whatever the shares, the documents are one
//! host's, byte for byte, also where there are fewer objects than hosts.

use super::hosts::{check_same, objects, run_all};
use super::job::{Job, free_port};
use super::{HOUR, baseline, window};

const HOSTS: [&str; 4] = ["127.0.0.1", "algo-2", "algo-3", "algo-4"];

/// A job per host; `host_of` says who has the object of a number.
fn team(make: impl Fn() -> Job, host_of: impl Fn(usize) -> usize) -> Vec<Job> {
    let port = free_port().to_string();
    let hosts = HOSTS.iter().enumerate();
    hosts
        .map(|(host, name)| {
            let job = make()
                .host(name, &HOSTS)
                .set("driftline_exchange_port", &port)
                .set("driftline_exchange_timeout_seconds", "60");
            with_objects(job, |idx| host_of(idx) == host)
        })
        .collect()
}

fn with_objects(job: Job, has: impl Fn(usize) -> bool) -> Job {
    // A host that has none has the folder all the same.
    let job = job.file("processing/input_data/.keep", "");
    let numbered = objects().into_iter().enumerate();
    numbered
        .filter(|(idx, _)| has(*idx))
        .fold(job, |job, (_, (name, lines))| {
            job.file(&format!("{HOUR}/{name}"), lines)
        })
}

#[test]
fn any_share_gives_the_bytes_of_one() {
    let baseline = baseline();
    baseline.succeed();
    let one = with_objects(window(&baseline), |_| true);
    one.succeed();
    let n_objects = objects().len();
    let round_robin = |idx: usize| idx % HOSTS.len();
    let in_key_order = |idx: usize| idx * HOSTS.len() / n_objects;
    let all_on_the_last = |_: usize| HOSTS.len() - 1;
    let shares: [(&str, &dyn Fn(usize) -> usize); 3] = [
        ("in turn", &round_robin),
        ("by ranges of keys", &in_key_order),
        ("three hosts without an object", &all_on_the_last),
    ];
    for (case, host_of) in shares {
        let jobs = team(|| window(&baseline), host_of);
        let ended = run_all(&jobs);
        assert!(ended.iter().all(|ended| ended.code == 0), "{case}: {ended:#?}");
        check_same(&one, &jobs, &ended, &HOSTS);
    }
}
