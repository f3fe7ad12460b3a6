//! A token's life: taken once, run under its lock, found, looked at while it runs, after it, and after its runner died.

use super::executions::{Executions, Request, Taken};
use super::tests::{clock, machine, parameters};
use super::{Registry, Status};
use crate::retrain::{Variant, definition};

const TOKEN: &str = "driftline-0123456789abcdef0123456789abcdef";

fn request(machine: &super::tests::Machine) -> Request {
    Request {
        pipeline: "churn-retrain".to_owned(),
        token: TOKEN.to_owned(),
        display_name: TOKEN.to_owned(),
        description: String::new(),
        parameters: parameters(),
        objects: machine.settings.objects.clone(),
        images: machine.settings.images.clone(),
    }
}

#[test]
fn a_token_starts_one_execution_and_is_known_from_then_on() {
    let machine = machine();
    let executions = Executions::new(machine.at.join("runs"));
    let (plan, asked) = (definition(Variant::default()), request(&machine));
    assert_eq!(executions.find("churn-retrain", TOKEN).unwrap(), None);
    let Taken::New { arn, lock, .. } = executions.take(&plan, &asked).unwrap() else {
        panic!("it is new")
    };
    assert!(
        matches!(executions.take(&plan, &asked).unwrap(), Taken::Before { arn: again } if again == arn),
        "the same token gives the same execution"
    );
    assert_eq!(
        executions.find("churn-retrain", TOKEN).unwrap(),
        Some(arn.clone())
    );
    assert_eq!(executions.find("another", TOKEN).unwrap(), None);
    let stage = || executions.look(&arn).unwrap().unwrap().pipeline_execution_status;
    assert_eq!(stage(), Status::Executing, "somebody has its lock");
    let mut other = asked.clone();
    other.parameters.insert("Seed".to_owned(), "2".to_owned());
    let error = executions.take(&plan, &other).unwrap_err().to_string();
    assert!(error.contains("started another execution before"), "{error}");
    drop(lock);
    assert_eq!(stage(), Status::Failed, "nobody runs it any more");
}

#[test]
fn an_execution_ends_registered_or_with_its_reason() {
    let mut machine = machine();
    machine.evaluation(0.01, 0.0, 0.8);
    let evaluation = machine.settings.environment["EVALUATION"].clone();
    for (token, gain, status) in [
        ("better", 0.01, Status::Succeeded),
        ("worse", -0.01, Status::Failed),
    ] {
        machine.evaluation(gain, 0.0, 0.8);
        let executions = Executions::new(machine.at.join(format!("runs-{token}")));
        let mut asked = request(&machine);
        token.clone_into(&mut asked.token);
        // The stand-in reads its evaluation from a variable, which a request does not carry.
        let analyzer = asked.images.get_mut("analyzer:1").unwrap();
        analyzer.splice(0..0, ["env".to_owned(), format!("EVALUATION={evaluation}")]);
        let Taken::New { arn, lock, .. } = executions.take(&definition(Variant::default()), &asked).unwrap()
        else {
            panic!("it is new")
        };
        executions.run(token, clock, &mut |_| {}).unwrap();
        drop(lock);
        let found = executions.look(&arn).unwrap().unwrap();
        assert_eq!(found.pipeline_execution_status, status, "{found:#?}");
        let versions = Registry::new(executions.registry()).versions("churn").unwrap();
        assert_eq!(versions.len(), usize::from(status == Status::Succeeded));
        assert_eq!(
            found.failure_reason.is_some_and(
                |reason| reason.contains("is not registered: the gain's interval reaches below zero")
            ),
            status == Status::Failed
        );
    }
}

#[test]
fn what_the_service_would_refuse_is_refused_before_anything_runs() {
    let machine = machine();
    let executions = Executions::new(machine.at.join("runs"));
    let refusal = |change: &dyn Fn(&mut Request)| {
        let mut asked = request(&machine);
        change(&mut asked);
        let error = executions
            .take(&definition(Variant::default()), &asked)
            .unwrap_err();
        assert!(executions.look(TOKEN).unwrap().is_none());
        error.to_string()
    };
    for (expected, change) in [
        (
            "the pipeline has no such parameter",
            (&|asked: &mut Request| {
                asked.parameters.insert("Nonsense".to_owned(), "1".to_owned());
            }) as &dyn Fn(&mut Request),
        ),
        ("`LabelsUri`: it has no default", &|asked| {
            asked.parameters.remove("LabelsUri");
        }),
        ("an Integer is expected", &|asked| {
            asked.parameters.insert("Seed".to_owned(), "1.5".to_owned());
        }),
        ("no local command is known for the image `trainer:1`", &|asked| {
            asked.images.remove("trainer:1");
        }),
        ("it can be no folder's name", &|asked| {
            asked.token = "../up".to_owned();
        }),
    ] {
        let error = refusal(change);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_fault_of_this_machine_is_the_executions_failure() {
    let machine = machine();
    let executions = Executions::new(machine.at.join("runs"));
    let mut asked = request(&machine);
    asked
        .images
        .insert("analyzer:1".to_owned(), vec!["no-such-program-here".to_owned()]);
    let Taken::New { arn, lock, .. } = executions.take(&definition(Variant::default()), &asked).unwrap()
    else {
        panic!("it is new")
    };
    executions.run(TOKEN, clock, &mut |_| {}).unwrap();
    drop(lock);
    let found = executions.look(&arn).unwrap().unwrap();
    assert_eq!(found.pipeline_execution_status, Status::Failed);
    assert!(found.failure_reason.unwrap().contains("no-such-program-here"));
}
