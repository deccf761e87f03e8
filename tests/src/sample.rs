//! Bodies of commands as a small shop would send them.

use serde_json::{Value, json};

/// A customer with one address that is the default for everything.
#[must_use]
pub fn customer(name: &str, email: Option<&str>) -> Value {
    json!({
        "name": name, "email": email, "phone": "+12025550143", "language": "en-US", "tags": ["consumer"],
        "addresses": [{
            "label": "home", "default_shipping": true, "default_billing": true, "name": name,
            "line1": "1 Main St", "city": "Henderson", "region": "KY", "postal_code": "42420", "country": "US",
        }],
    })
}

/// The order of `docs/api`: two bookcases at 130.98 with 8 % tax on top, and 5.99 for shipping.
#[must_use]
pub fn order(customer_id: &str) -> Value {
    json!({
        "customer_id": customer_id, "channel": "web", "currency": "USD", "terms": "prepaid",
        "lines": [{"sku": "FUR-BO-10001798", "name": "Bush Somerset Bookcase", "category": "Bookcases",
                   "quantity": 2, "unit_price": 13098, "tax_rate": "0.08"}],
        "adjustments": [{"kind": "shipping", "label": "Standard", "amount": 599}],
    })
}
