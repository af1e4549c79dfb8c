use super::*;
use crate::webhooks::url::HookUrl;

const SECOND: Duration = Duration::from_secs(1);

fn retries() -> Retries {
    Retries { first: SECOND, most: 60 * SECOND, give_up: 3600 * SECOND }
}

fn bounds() -> Bounds {
    Bounds {
        target: Load { count: 100, bytes: 10_000 },
        all: Load { count: 400, bytes: 40_000 },
        target_slots: 4,
        slots: 16,
    }
}

fn target(name: &str) -> Arc<Target> {
    target_of("1", name)
}

fn target_of(project: &str, name: &str) -> Arc<Target> {
    let url = HookUrl::parse(&format!("http://{name}.example/")).unwrap();
    Arc::new(Target::registered(project, url, None))
}

/// A queue whose clock only goes when it is told to.
struct World {
    queue: Queue,
    now: Moment,
    numbers: u64,
}

impl World {
    /// Without jitter: a random number that is a multiple of every span is 0.
    fn new() -> Self {
        Self { queue: Queue::new(bounds(), retries(), || 0), now: Moment::ZERO, numbers: 0 }
    }

    fn unix_ms(&self) -> u64 {
        self.now.as_micros() / 1000
    }

    fn offer(&mut self, target: &Arc<Target>, session: &str) -> Option<u64> {
        self.offer_sized(target, session, 2)
    }

    fn offer_sized(&mut self, target: &Arc<Target>, session: &str, bytes: usize) -> Option<u64> {
        self.numbers += 1;
        let delivery = Delivery {
            number: self.numbers,
            id: format!("event {}", self.numbers).into(),
            project: "1".into(),
            session: session.into(),
            body: "x".repeat(bytes).into(),
            unix_ms: self.unix_ms(),
        };
        self.queue.reserve(target, delivery.weight()).then(|| {
            assert!(self.queue.put(self.now, target, delivery));
            self.numbers
        })
    }

    /// All that can be begun.
    fn begin(&mut self) -> Vec<Job> {
        std::iter::from_fn(|| self.queue.next(self.now)).collect()
    }

    fn end(&mut self, job: &Job, delivered: bool) -> Finished {
        self.queue.done(self.now, self.unix_ms(), job, delivered)
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }
}

fn numbers(jobs: &[Job]) -> Vec<u64> {
    jobs.iter().map(|job| job.delivery.number).collect()
}

/// A receiver that has proven sound.
fn sound(world: &mut World, name: &str) -> Arc<Target> {
    let target = target(name);
    world.offer(&target, "first");
    let jobs = world.begin();
    assert_eq!(world.end(&jobs[0], true).numbers, [world.numbers]);
    target
}

#[test]
fn a_session_has_its_order_and_sessions_do_not_wait_for_each_other() {
    let mut world = World::new();
    let target = sound(&mut world, "a");
    for session in ["s", "s", "t", "s", "t"] {
        world.offer(&target, session);
    }
    let jobs = world.begin();
    assert_eq!(numbers(&jobs), [2, 4]);
    world.end(&jobs[0], true);
    let more = world.begin();
    assert_eq!(numbers(&more), [3]);
    world.end(&more[0], true);
    world.end(&jobs[1], true);
    assert_eq!(numbers(&world.begin()), [5, 6]);
}

#[test]
fn an_unknown_receiver_is_tried_with_one_delivery() {
    let mut world = World::new();
    let target = target("a");
    for session in 0..9 {
        world.offer(&target, &session.to_string());
    }
    let jobs = world.begin();
    assert_eq!(jobs.len(), 1);
    world.end(&jobs[0], true);
    assert_eq!(world.begin().len(), 4, "as many as a sound receiver may have");
}

#[test]
fn a_failed_delivery_is_tried_again_with_growing_pauses_and_keeps_its_place() {
    let mut world = World::new();
    let target = target("a");
    world.offer(&target, "s");
    world.offer(&target, "s");
    // Without jitter half of each pause is left.
    for pause in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000] {
        let jobs = world.begin();
        assert_eq!(numbers(&jobs), [1]);
        assert_eq!(world.end(&jobs[0], false), Finished::default());
        let until = world.now + Duration::from_millis(pause);
        assert!(world.begin().is_empty());
        assert_eq!(world.queue.wake_at(), Some(until));
        world.now = until;
    }
    let jobs = world.begin();
    assert_eq!(world.end(&jobs[0], true).numbers, [1]);
    let jobs = world.begin();
    assert_eq!(numbers(&jobs), [2]);
    assert_eq!(world.end(&jobs[0], true).numbers, [2]);
    assert_eq!((world.queue.wake_at(), world.queue.load()), (None, Load::default()));
}

#[test]
fn pauses_have_jitter_and_a_bound() {
    let retries = Retries::default();
    for failures in 1..100 {
        let (least, most) = (retries.pause(failures, 0), retries.pause(failures, u64::MAX));
        assert!(
            least >= WEBHOOK_RETRY_FIRST / 2 && most <= WEBHOOK_RETRY_MOST,
            "{failures}: {least:?} {most:?}"
        );
    }
    let spread: BTreeSet<_> = (0..1000).map(|random| retries.pause(3, random * 7919)).collect();
    assert!(spread.len() > 900);
}

#[test]
fn a_dead_receiver_is_probed_by_one_delivery_at_a_time_and_less_and_less() {
    let mut world = World::new();
    let target = sound(&mut world, "a");
    for session in 0..50 {
        world.offer(&target, &session.to_string());
    }
    let jobs = world.begin();
    assert_eq!(jobs.len(), 4);
    for job in &jobs {
        world.end(job, false);
    }
    // These four were one failure; the next one says that it was not one session's fault.
    let probe = world.begin();
    assert_eq!(probe.len(), 1);
    world.end(&probe[0], false);
    let mut probes = 0;
    let end = world.now + 600 * SECOND;
    while world.now < end {
        world.now = world.queue.wake_at().expect("a probe to come");
        let jobs = world.begin();
        assert_eq!(jobs.len(), 1, "one at a time");
        world.end(&jobs[0], false);
        probes += 1;
    }
    assert!((20..40).contains(&probes), "{probes} probes in ten minutes");
    world.now = world.queue.wake_at().unwrap();
    let probe = world.begin();
    world.end(&probe[0], true);
    assert_eq!(world.begin().len(), 4, "it has come back");
}

#[test]
fn what_one_session_has_wrong_delays_no_other() {
    let mut world = World::new();
    let target = sound(&mut world, "a");
    world.offer(&target, "bad");
    let bad = world.begin().remove(0);
    world.end(&bad, false);
    for round in 0..20 {
        world.offer(&target, "good");
        let jobs = world.begin();
        let good = jobs
            .iter()
            .find(|job| &*job.delivery.session == "good")
            .unwrap_or_else(|| panic!("round {round}"));
        world.end(good, true);
        for job in jobs.iter().filter(|job| &*job.delivery.session == "bad") {
            world.end(job, false);
        }
        world.pass(SECOND);
    }
}

#[test]
fn a_dead_receiver_delays_no_other_one() {
    let mut world = World::new();
    let (dead, well) = (sound(&mut world, "dead"), sound(&mut world, "well"));
    for session in 0..40 {
        world.offer(&dead, &session.to_string());
        world.offer(&well, &session.to_string());
    }
    // The dead one never answers: its four stay under way.
    let mut delivered = 0;
    loop {
        let jobs = world.begin();
        let well: Vec<_> = jobs.iter().filter(|job| job.target == well).collect();
        if well.is_empty() {
            break;
        }
        for job in well {
            delivered += world.end(job, true).numbers.len();
        }
    }
    assert_eq!((delivered, world.queue.under_way()), (40, 4));
}

#[test]
fn slow_receivers_leave_room_for_others() {
    let mut world = World::new();
    let slow: Vec<_> = (0..4).map(|n| sound(&mut world, &format!("slow{n}"))).collect();
    for target in &slow {
        for session in 0..10 {
            world.offer(target, &session.to_string());
        }
    }
    assert!(world.begin().len() < 16, "they do not take all there is");
    let well = target("well");
    world.offer(&well, "s");
    let jobs = world.begin();
    assert!(jobs.len() == 1 && jobs[0].target == well);
}

/// How many more it takes.
fn fill(world: &mut World, target: &Arc<Target>, bytes: usize) -> usize {
    (0..1000).take_while(|_| world.offer_sized(target, "s", bytes).is_some()).count()
}

#[test]
fn a_full_queue_takes_no_more_and_counts_what_is_under_way() {
    let mut world = World::new();
    let a = target("a");
    assert_eq!(fill(&mut world, &a, 2), 100, "the bound of one receiver");
    let jobs = world.begin();
    assert_eq!(world.offer(&a, "t"), None, "what is under way waits as well");
    for job in &jobs {
        world.end(job, true);
    }
    assert!(world.offer(&a, "t").is_some());
    let mut world = World::new();
    assert!(world.offer_sized(&a, "s", 9_999).is_some());
    assert_eq!(world.offer_sized(&a, "s", 2), None, "the bytes of one receiver");
    assert_eq!(world.queue.load(), Load { count: 1, bytes: 9_999 });
}

#[test]
fn no_project_takes_the_room_of_the_others() {
    for bytes in [2, 200] {
        let mut world = World::new();
        let well = sound(&mut world, "well");
        let mut most = 0;
        // Each has as many dead receivers as it may.
        for project in ["dead", "too", "three", "four"] {
            for name in 0..64 {
                fill(&mut world, &target_of(project, &name.to_string()), bytes);
            }
            let load = world.queue.load();
            assert!(load.count > most && load.count < 400 && load.bytes < 40_000, "{project}: {load:?}");
            most = load.count;
        }
        assert!(world.offer_sized(&well, "s", bytes).is_some());
        // Nor that of its own others.
        let mut world = World::new();
        fill(&mut world, &target("dead"), bytes);
        fill(&mut world, &target("too"), bytes);
        assert!(fill(&mut world, &target("well"), bytes) > 10);
    }
}

#[test]
fn no_project_takes_all_who_deliver() {
    let mut world = World::new();
    for name in 0..64 {
        world.offer(&target_of("dead", &name.to_string()), "s");
    }
    assert_eq!(world.begin().len(), 8, "half of what there is");
    for name in 0..64 {
        world.offer(&target_of("too", &name.to_string()), "s");
    }
    let (too, well) = (world.begin().len(), target("well"));
    world.offer(&well, "s");
    let jobs = world.begin();
    assert!(too > 0 && jobs.len() == 1 && jobs[0].target == well, "{too}: {jobs:?}");
}

#[test]
fn who_forgets_receivers_does_not_get_more_who_deliver() {
    let mut world = World::new();
    let mut open = Vec::new();
    for name in 0..64 {
        let target = target_of("dead", &name.to_string());
        world.offer(&target, "s");
        open.extend(world.begin());
        world.queue.forget(&target.id);
    }
    assert_eq!(open.len(), 8);
    let abandoned = world.queue.abandoned();
    assert!(open.iter().all(|job| abandoned.contains(&job.epoch)), "all are to be ended");
    assert!(world.queue.abandoned().is_empty(), "once");
    for job in &open {
        assert_eq!(world.end(job, false), Finished::default());
    }
    assert_eq!((world.queue.under_way(), world.queue.load()), (0, Load::default()));
}

#[test]
fn what_is_tried_for_too_long_is_given_up() {
    let mut world = World::new();
    let target = target("a");
    for session in ["s", "s", "t"] {
        world.offer(&target, session);
    }
    world.pass(1800 * SECOND);
    world.offer(&target, "s");
    let mut gone = Vec::new();
    while world.now < Moment::ZERO + 3700 * SECOND {
        let jobs = world.begin();
        if jobs.is_empty() {
            world.now = world.queue.wake_at().expect("another try");
        }
        for job in jobs {
            let finished = world.end(&job, false);
            assert_eq!(finished.given_up, finished.numbers.len() as u64);
            gone.extend(finished.numbers);
        }
    }
    gone.sort_unstable();
    assert_eq!(gone, [1, 2, 3]);
    assert_eq!(world.queue.load().count, 1);
    let jobs = world.begin();
    assert_eq!(numbers(&jobs), [4]);
    assert_eq!(world.end(&jobs[0], true).numbers, [4]);
    assert_eq!(world.queue.load(), Load::default());
}

#[test]
fn a_forgotten_receiver_is_told_no_more() {
    let mut world = World::new();
    let (a, b) = (target("a"), target("b"));
    for _ in 0..3 {
        world.offer(&a, "s");
    }
    world.offer(&b, "s");
    let jobs = world.begin();
    assert_eq!(numbers(&jobs), [1, 4]);
    let mut gone = world.queue.forget(&a.id);
    gone.sort_unstable();
    assert_eq!(gone, [1, 2, 3]);
    // It is registered again before its delivery has come to its end.
    world.offer(&a, "s");
    assert_eq!(world.end(&jobs[0], true), Finished::default());
    assert_eq!(numbers(&world.begin()), [5]);
    assert_eq!(world.queue.load().count, 2);
}

/// Whatever happens: order within a session, one at a time, bounds, and nothing is lost or left lying.
#[test]
fn any_course_of_things_keeps_the_rules() {
    let seed = std::env::var("OTC_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7_u64);
    println!("OTC_TEST_SEED={seed}");
    for run in 0..200 {
        any_course(seed + run);
    }
}

fn any_course(seed: u64) {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    let mut random = StdRng::seed_from_u64(seed);
    let mut pick = move |below: u64| random.next_u64() % below;
    let mut jitter = StdRng::seed_from_u64(seed);
    let mut world = World::new();
    world.queue = Queue::new(bounds(), retries(), move || jitter.next_u64());
    let targets: Vec<_> = (0..5).map(|n| target(&format!("t{n}"))).collect();
    let mut dead = [false; 5];
    let mut open: Vec<Job> = Vec::new();
    let mut taken = 0;
    let mut ended = 0;
    let mut last: HashMap<(Arc<str>, Arc<str>), u64> = HashMap::new();
    let finish = |world: &mut World, job: &Job, delivered: bool, last: &mut HashMap<_, u64>| {
        let finished = world.end(job, delivered);
        if delivered {
            let lane = (Arc::clone(&job.target.id), Arc::clone(&job.delivery.session));
            let before = last.insert(lane, job.delivery.number);
            assert!(before.is_none_or(|before| before < job.delivery.number), "seed {seed}: out of order");
        }
        finished.numbers.len()
    };
    for _ in 0..400 {
        match pick(6) {
            0 | 1 => {
                let target = &targets[usize::try_from(pick(5)).unwrap()];
                taken += usize::from(world.offer(target, &pick(4).to_string()).is_some());
            }
            2 => {
                for job in world.begin() {
                    let busy = |other: &Job| {
                        other.target == job.target && other.delivery.session == job.delivery.session
                    };
                    assert!(!open.iter().any(busy), "seed {seed}: two of one session at a time");
                    open.push(job);
                }
                assert!(open.len() == world.queue.under_way() && open.len() <= 16, "seed {seed}");
            }
            3 | 4 if !open.is_empty() => {
                let job = open.swap_remove(usize::try_from(pick(open.len() as u64)).unwrap());
                let index = targets.iter().position(|target| *target == job.target).unwrap();
                ended += finish(&mut world, &job, !dead[index], &mut last);
            }
            3 | 4 => dead[usize::try_from(pick(5)).unwrap()] ^= true,
            _ => world.pass(Duration::from_millis(pick(3000))),
        }
    }
    // Everybody is well again: everything that waits gets there.
    for job in open.drain(..) {
        ended += finish(&mut world, &job, true, &mut last);
    }
    loop {
        let jobs = world.begin();
        if jobs.is_empty() {
            let Some(at) = world.queue.wake_at() else { break };
            assert!(at > world.now, "seed {seed}: it would turn in circles");
            world.now = at;
        }
        for job in jobs {
            ended += finish(&mut world, &job, true, &mut last);
        }
    }
    assert_eq!((taken, world.queue.load()), (ended, Load::default()), "seed {seed}");
}
