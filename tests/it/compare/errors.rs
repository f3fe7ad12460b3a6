//! Errors of `compare`: what was asked, what was found, what there is; an exit code each.

use tests::world::World;

fn world() -> World {
    let world = World::new().unwrap();
    for (name, text) in [
        ("b.csv", "age,city\n1,x\n2,y\n"),
        ("c.csv", "age,city\n1,x\n2,z\n"),
        ("other.csv", "height\n1\n"),
        ("empty.csv", ""),
        ("header.csv", "age,city\n"),
        ("twice.csv", "age,age\n1,2\n"),
        ("array.json", "[{\"age\": 1}]\n"),
        ("torn.parquet", "PAR1 and then nothing"),
        (
            "capture.jsonl",
            "{\"captureData\": {}, \"eventMetadata\": {}, \"eventVersion\": \"0\"}\n",
        ),
        ("folder/b.csv", "age\n1\n"),
        ("ragged.csv", "age,city\n1\n2\n"),
    ] {
        world.write(name, text).unwrap();
    }
    world
}

/// Exit code, and parts of what is said.
#[test]
fn errors_say_what_there_is() {
    let cases: &[(&str, i32, &[&str])] = &[
        (
            "--baseline b.csv --current c.csv --method ks,kss",
            2,
            &[
                "--method names an unknown method: `kss`",
                "there are: ks, psi,",
                "or all",
            ],
        ),
        (
            "--baseline b.csv --current c.csv --convention mine",
            2,
            &[
                "--convention names an unknown convention: `mine`",
                "there are: house, scipy,",
            ],
        ),
        (
            "--baseline b.csv --current c.csv --columns age,size",
            2,
            &[
                "--columns names column that b.csv does not have: size",
                "it has: age, city",
            ],
        ),
        (
            "--baseline b.csv --current other.csv",
            2,
            &["have no column in common", "the current table has: height"],
        ),
        (
            "--baseline b.csv --current empty.csv",
            4,
            &["empty.csv", "is empty"],
        ),
        (
            "--baseline b.csv --current header.csv",
            4,
            &["no rows at header.csv", "needs rows on both sides"],
        ),
        (
            "--baseline b.csv --current ragged.csv",
            4,
            &["no rows at ragged.csv", "wrong_field_count"],
        ),
        (
            "--baseline b.csv --current missing.csv",
            2,
            &["missing.csv", "check the path"],
        ),
        (
            "--baseline folder --current c.csv",
            2,
            &["the baseline at folder is a folder", "name a file in it: b.csv"],
        ),
        (
            "--baseline twice.csv --current c.csv",
            2,
            &["twice.csv has two columns called age"],
        ),
        (
            "--baseline array.json --current c.csv",
            2,
            &["is no table", "one JSON object per line"],
        ),
        (
            "--baseline torn.parquet --current c.csv",
            2,
            &["torn.parquet is no readable Parquet object"],
        ),
        (
            "--baseline capture.jsonl --current c.csv",
            2,
            &["is no table", "`baseline` and `analyze`"],
        ),
        (
            "--baseline b.csv --current c.csv --threads 0",
            2,
            &["--threads is 0"],
        ),
        (
            "--baseline b.csv --current c.csv --schema b.csv",
            2,
            &["schema file b.csv cannot be used"],
        ),
        ("--baseline b.csv", 2, &["--current"]),
    ];
    let world = world();
    for (arguments, code, parts) in cases {
        let answer = world.run(&format!("compare {arguments}")).unwrap();
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (*code, ""),
            "{arguments}: {}",
            answer.stderr
        );
        for part in *parts {
            assert!(
                answer.stderr.contains(part),
                "{arguments}: {part} is not in\n{}",
                answer.stderr
            );
        }
    }
}

#[test]
fn rejected_lines_are_counted() {
    let world = world();
    world.write("some.csv", "age,city\n1,x\n2\n3,z\n").unwrap();
    let answer = world
        .succeed("compare --baseline b.csv --current some.csv")
        .unwrap();
    assert!(
        answer.stdout.contains("1 line rejected (wrong_field_count: 1)"),
        "{}",
        answer.stdout
    );
    let document = super::compared(&world, "--baseline b.csv --current some.csv");
    assert_eq!(document["current"]["rows"], 2);
    assert_eq!(document["current"]["rejected_lines"], 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    let path = world.path("b.csv");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o0)).unwrap();
    if std::fs::read(&path).is_ok() {
        println!("skipped: a_file_that_may_not_be_read: this user may read every file");
        return;
    }
    let answer = world.run("compare --baseline b.csv --current c.csv").unwrap();
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (6, ""),
        "{}",
        answer.stderr
    );
    assert!(answer.stderr.contains("b.csv"), "{}", answer.stderr);
}
