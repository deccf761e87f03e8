//! Given an account, when one more command, then these events or that refusal.

use orderfold_events::{Currency, CustomerId, OrderId, OrderNumber, credit::CreditEvent};
use uuid::Uuid;

use super::*;

const PLACED: &str = "orderfold.order.placed.v1";

fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

fn customer() -> CustomerId {
    CustomerId(Uuid::from_u128(1))
}

fn order(number: u128) -> OrderId {
    OrderId(Uuid::from_u128(number))
}

fn terms(limit: i64) -> CreditCommand {
    CreditCommand::SetTerms(Terms {
        currency: currency("USD"),
        limit,
        payment_days: 30,
    })
}

fn in_euro() -> CreditCommand {
    CreditCommand::SetTerms(Terms {
        currency: currency("EUR"),
        limit: 100,
        payment_days: 30,
    })
}

fn binds(number: u128, exposure: i64) -> Follow {
    Follow {
        order_id: order(number),
        currency: currency("USD"),
        exposure,
        cause: PLACED,
        limited: true,
    }
}

fn fact(number: u128, exposure: i64) -> CreditCommand {
    CreditCommand::Follow(Follow {
        limited: false,
        ..binds(number, exposure)
    })
}

fn limited(number: u128, exposure: i64) -> CreditCommand {
    CreditCommand::Follow(binds(number, exposure))
}

fn decide(
    account: &CreditAccount,
    command: CreditCommand,
) -> Result<Vec<CreditEvent>, CreditError> {
    account.decide(customer(), &command)
}

fn given(commands: impl IntoIterator<Item = CreditCommand>) -> CreditAccount {
    commands
        .into_iter()
        .fold(CreditAccount::default(), |account, command| {
            let events = decide(&account, command).expect("an accepted command");
            events.iter().fold(account, CreditAccount::evolve)
        })
}

#[test]
fn without_terms_nothing_may_be_owed() {
    assert_eq!(
        decide(&given([]), limited(1, 1)),
        Err(CreditError::LimitExceeded {
            available: 0,
            requested: 1
        })
    );
    assert_eq!(decide(&given([]), limited(1, 0)), Ok(vec![]));
}

#[test]
fn orders_together_stay_within_the_limit() {
    let account = given([terms(100), limited(1, 60)]);
    assert_eq!(account.available(), 40);
    assert_eq!(
        decide(&account, limited(2, 41)),
        Err(CreditError::LimitExceeded {
            available: 40,
            requested: 41
        })
    );
    assert_eq!(decide(&account, limited(2, 40)).unwrap().len(), 1);
    // What an order binds already is not asked for again.
    assert_eq!(decide(&account, limited(1, 100)).unwrap().len(), 1);
    assert_eq!(
        decide(&account, limited(1, 101)),
        Err(CreditError::LimitExceeded {
            available: 40,
            requested: 41
        })
    );
}

#[test]
fn the_limit_may_be_lowered_below_what_is_owed_and_then_nothing_more_is_bound() {
    let account = given([terms(100), limited(1, 60), terms(10)]);
    assert_eq!(account.available(), -50);
    assert_eq!(
        decide(&account, limited(2, 1)),
        Err(CreditError::LimitExceeded {
            available: -50,
            requested: 1
        })
    );
    // Binding less, or as much, is allowed above the limit.
    assert_eq!(decide(&account, limited(1, 59)).unwrap().len(), 1);
    assert_eq!(decide(&account, limited(1, 60)), Ok(vec![]));
}

#[test]
fn facts_and_imports_do_not_ask_for_the_limit() {
    let account = given([fact(1, 500), terms(100), fact(2, 500)]);
    assert_eq!(account.exposure(), 1_000);
    assert_eq!(account.available(), -900);
}

#[test]
fn an_order_that_is_settled_is_no_longer_open() {
    let account = given([terms(100), limited(1, 60), limited(2, 30), fact(1, 0)]);
    assert_eq!(account.open_orders().collect::<Vec<_>>(), [(order(2), 30)]);
    assert_eq!(account.exposure(), 30);
}

#[test]
fn an_exposure_says_what_all_orders_bind_after_it() {
    let account = given([terms(100), limited(1, 60)]);
    let events = decide(&account, limited(2, 30)).unwrap();
    let [CreditEvent::ExposureChanged(changed)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!((changed.from, changed.to, changed.total), (0, 30, 90));
    assert_eq!((changed.limit, changed.cause.as_str()), (100, PLACED));
}

#[test]
fn the_same_terms_are_no_event() {
    assert_eq!(decide(&given([terms(5)]), terms(5)), Ok(vec![]));
    assert_eq!(decide(&given([terms(5)]), terms(6)).unwrap().len(), 1);
}

#[test]
fn the_first_order_on_account_fixes_the_currency() {
    let agreed = given([terms(100)]);
    assert_eq!(decide(&agreed, in_euro()).unwrap().len(), 1);
    let fixed = Err(CreditError::OtherCurrency {
        currency: currency("USD"),
    });
    // Also once nothing is owed any more, and where an import came before any terms.
    for used in [
        given([terms(100), limited(1, 1), fact(1, 0)]),
        given([fact(1, 1)]),
    ] {
        assert_eq!(decide(&used, in_euro()), fixed);
    }
    let euro = given([in_euro()]);
    assert_eq!(
        decide(&euro, limited(1, 1)),
        Err(CreditError::OtherCurrency {
            currency: currency("EUR")
        })
    );
}

fn due(number: u64, day: u64, balance: i64) -> Due {
    let placed_at = format!("2017-11-{day:02}T00:00:00.000Z").parse().unwrap();
    Due {
        order_id: order(number.into()),
        placed_at: Some(placed_at),
        number: Some(OrderNumber::new(placed_at, number)),
        balance,
    }
}

fn spread(due: Vec<Due>, amount: i64) -> Vec<(u128, i64)> {
    let shares = oldest_first(due, amount).expect("shares");
    let pair = |share: &Share| (share.order_id.0.as_u128(), share.amount);
    shares.iter().map(pair).collect()
}

#[test]
fn the_oldest_order_is_paid_first_and_the_newest_takes_what_is_left() {
    let due = || vec![due(7, 2, 50), due(3, 2, 40), due(9, 1, 30)];
    assert_eq!(spread(due(), 30), [(9, 30)]);
    assert_eq!(spread(due(), 31), [(9, 30), (3, 1)]);
    assert_eq!(spread(due(), 120), [(9, 30), (3, 40), (7, 50)]);
    assert_eq!(spread(due(), 130), [(9, 30), (3, 40), (7, 60)]);
    assert_eq!(spread(Vec::new(), 130), []);
}

#[test]
fn a_payment_reaches_at_most_100_orders() {
    let due = |orders: u64| (1..=orders).map(|n| due(n, 1, 1)).collect::<Vec<_>>();
    assert_eq!(spread(due(101), 100).len(), 100);
    assert_eq!(
        oldest_first(due(101), 101),
        Err(TooManyAllocations { limit: 100 })
    );
}
