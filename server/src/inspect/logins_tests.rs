use super::*;
use crate::keys::KeyPair;
use crate::store::Store;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn projects(number: usize) -> Arc<Projects> {
    let pair = |number: usize| KeyPair::new(&format!("{}", 100 + number), "s").unwrap().into();
    Arc::new(Projects::new((0..number).map(pair).collect(), 0).unwrap())
}

fn at(since: Duration) -> Moment {
    Moment::ZERO + since
}

fn begin(logins: &Logins, project: &str, now: Moment) -> (Ticket, Login) {
    logins.begin(logins.projects.get(project).unwrap(), now, 1_000).unwrap()
}

#[test]
fn a_ticket_is_known_until_it_ends() {
    let logins = Logins::new(projects(1));
    let (ticket, login) = begin(&logins, "100", at(HOUR));
    assert_eq!(login.expires_ms, 1_000 + 12 * 3_600_000);
    let again = Ticket::parse(&ticket.expose()).unwrap();
    let found = logins.find(&again, at(HOUR)).unwrap();
    assert_eq!((found.project.as_str(), found.expires_ms), ("100", login.expires_ms));
    let (other, _) = begin(&logins, "100", at(HOUR));
    assert!(other != ticket && other.csrf() != ticket.csrf(), "each has its own");
    let mut ended = logins.ended(login.id).unwrap();
    assert!(ended.has_changed().is_ok());
    logins.end(login.id);
    assert!(logins.find(&ticket, at(HOUR)).is_none() && logins.find(&other, at(HOUR)).is_some());
    assert!(ended.has_changed().is_err(), "who waits for the end hears of it");
    assert!(ended.borrow_and_update().eq(&()) && logins.ended(login.id).is_none());
    for text in ["", "00", &"0".repeat(64), &"g".repeat(64), &ticket.expose()[..63], "é"] {
        let known = Ticket::parse(text).and_then(|ticket| logins.find(&ticket, at(HOUR)));
        assert!(known.is_none(), "{text}");
    }
}

#[test]
fn only_its_own_csrf_is_that_of_a_ticket() {
    let (one, two) = (Ticket::new().unwrap(), Ticket::new().unwrap());
    assert!(one.is_csrf(one.csrf().as_bytes()) && one.is_csrf(one.csrf().to_uppercase().as_bytes()));
    assert!(!one.csrf().contains(&one.expose()));
    let short = &one.csrf()[..62];
    for wrong in [two.csrf(), one.expose(), String::new(), short.to_owned(), "0".repeat(64)] {
        assert!(!one.is_csrf(wrong.as_bytes()), "{wrong}");
    }
    assert!(!one.is_csrf(&[0xff; 64]));
}

#[test]
fn a_login_ends_after_an_hour_without_use_and_after_twelve_in_any_case() {
    let logins = Logins::new(projects(1));
    let (idle, _) = begin(&logins, "100", at(HOUR));
    assert!(logins.find(&idle, at(HOUR * 2) + Duration::ZERO).is_none(), "a whole hour");
    let (busy, login) = begin(&logins, "100", at(HOUR));
    let mut now = at(HOUR);
    for _ in 0..13 {
        now = now + HOUR.checked_sub(Duration::from_millis(1)).unwrap();
        let expected = now - at(HOUR) < HOUR * 12;
        assert_eq!(logins.is_alive(login.id, now), expected, "{now:?}");
        assert_eq!(logins.find(&busy, now).is_some(), expected, "{now:?}");
    }
    assert!(logins.find(&busy, at(HOUR)).is_none(), "what has ended does not come back");
}

#[test]
fn an_event_stream_that_is_open_is_no_use_of_a_login() {
    let logins = Logins::new(projects(1));
    let (ticket, login) = begin(&logins, "100", at(HOUR));
    for minute in 1..60 {
        assert!(logins.is_alive(login.id, at(HOUR + minute * HOUR / 60)));
    }
    assert!(!logins.is_alive(login.id, at(HOUR * 2)), "an hour without a call");
    assert!(logins.find(&ticket, at(HOUR)).is_none());
}

#[tokio::test]
async fn a_project_that_changes_or_goes_ends_its_logins() {
    let projects = projects(1);
    let store = Store::in_memory().unwrap();
    let made = projects.make(&store, String::new(), |_| false, 0).await.unwrap();
    let id = made.id().as_str();
    let logins = Logins::new(Arc::clone(&projects));
    let other = begin(&logins, "100", at(HOUR)).0;
    let alive = |ticket: &Ticket| logins.find(ticket, at(HOUR)).is_some();

    let before = begin(&logins, id, at(HOUR)).0;
    assert!(alive(&before));
    projects.refresh_secret(&store, id, HOUR, 0).await.unwrap();
    assert!(!alive(&before), "another secret");

    let (before, while_suspended) = (begin(&logins, id, at(HOUR)).0, begin(&logins, id, at(HOUR)).0);
    projects.set_status(&store, id, Status::Suspended).await.unwrap();
    assert!(!alive(&while_suspended));
    projects.set_status(&store, id, Status::Active).await.unwrap();
    assert!(!alive(&before), "nobody goes on where he was, also if nobody had looked meanwhile");

    let before = begin(&logins, id, at(HOUR)).0;
    assert!(alive(&before));
    projects.delete(&store, id, |_, _| Ok(())).await.unwrap();
    assert!(!alive(&before));
    assert!(alive(&other), "nobody else's");
}

#[test]
fn there_is_a_bound_and_who_has_the_most_makes_way() {
    let logins = Logins::new(projects(2));
    let first = begin(&logins, "101", at(HOUR)).0;
    let mut own: Vec<Ticket> = Vec::new();
    for number in 0..INSPECT_LOGINS as u64 + 10 {
        own.push(begin(&logins, "100", at(HOUR) + Duration::from_millis(1 + number)).0);
    }
    let now = at(HOUR) + Duration::from_secs(2);
    let alive = |ticket: &Ticket| logins.find(ticket, now).is_some();
    assert_eq!(logins.all.lock().len(), INSPECT_LOGINS);
    assert!(alive(&first), "it is older than all of those");
    assert_eq!(own.iter().filter(|ticket| alive(ticket)).count(), INSPECT_LOGINS - 1);
    assert!(!alive(&own[0]) && alive(own.last().unwrap()));
    // Those that are over make way before any other.
    let later = at(HOUR * 3);
    let (one, _) = begin(&logins, "101", later);
    assert_eq!(logins.all.lock().len(), 1);
    assert!(logins.find(&one, later).is_some());
}
