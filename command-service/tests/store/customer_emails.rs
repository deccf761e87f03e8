//! An e-mail address belongs to one customer, whoever wants it at the same time.

use futures::future::join_all;
use serde_json::json;

use crate::shop::Shop;

async fn change_email(shop: &Shop, customer: &str, email: Option<&str>) -> u16 {
    let path = format!("{customer}/email");
    shop.post(&path, &json!({"email": email})).await.status
}

#[tokio::test]
async fn an_email_belongs_to_one_customer_until_it_is_given_up() {
    let shop = Shop::open().await;
    let first = shop.customer(Some("e@example.com")).await;
    let taken = json!({"name": "Another", "email": "E@Example.COM"});
    let refused = shop.post("/v1/customers", &taken).await;
    refused.refuses(409, "email_taken");
    let second = shop.customer(Some("f@example.com")).await;
    assert_eq!(
        change_email(&shop, &second, Some("e@example.com")).await,
        409
    );

    // Only the capitals change: it is the customer's own.
    assert_eq!(
        change_email(&shop, &first, Some("E@example.com")).await,
        200
    );
    // The first one gives it up, and at once it is the second's; then the other way round.
    assert_eq!(
        change_email(&shop, &first, Some("g@example.com")).await,
        200
    );
    assert_eq!(
        change_email(&shop, &second, Some("e@example.com")).await,
        200
    );
    assert_eq!(
        change_email(&shop, &first, Some("f@example.com")).await,
        200
    );
    assert_eq!(change_email(&shop, &first, None).await, 200);
    assert_eq!(
        change_email(&shop, &second, Some("f@example.com")).await,
        200
    );
    let claims = "select count(*) from claim where kind = 'customer_email'";
    assert_eq!(shop.world.count(claims).await, 1);
    shop.world.prove().await;
}

#[tokio::test]
async fn one_of_many_who_want_an_email_at_once_gets_it() {
    let shop = Shop::open().await;
    let replica = shop.replica();
    let body = json!({"name": "Somebody", "email": "same@example.com"});
    let registering = (0..12).map(|n| {
        let (shop, replica, body) = (&shop, &replica, &body);
        async move {
            match n % 2 {
                0 => shop.post("/v1/customers", body).await.status,
                _ => {
                    shop.post_through(replica, "/v1/customers", body)
                        .await
                        .status
                }
            }
        }
    });
    let statuses = join_all(registering).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 11);
    assert_eq!(shop.events().await, 1);
}

#[tokio::test]
async fn two_who_swap_their_emails_at_once_never_end_with_one_address() {
    let shop = Shop::open().await;
    let (a, b) = ("a@example.com", "b@example.com");
    let first = shop.customer(Some(a)).await;
    let second = shop.customer(Some(b)).await;
    for _ in 0..10 {
        let swapped = tokio::join!(
            change_email(&shop, &first, Some(b)),
            change_email(&shop, &second, Some(a))
        );
        match swapped {
            // In one batch both pass, and go back the same way.
            (200, 200) => {
                change_email(&shop, &first, None).await;
                assert_eq!(change_email(&shop, &second, Some(b)).await, 200);
                assert_eq!(change_email(&shop, &first, Some(a)).await, 200);
            }
            (409, 409) => {}
            other => panic!("{other:?}"),
        }
    }
    let claims = "select count(*) from claim where kind = 'customer_email'";
    assert_eq!(shop.world.count(claims).await, 2);
    shop.world.prove().await;
}
