//! HTTP to customer commands, and their outcomes to HTTP.

use axum::extract::{RawPathParams, State};
use orderfold_events::{CustomerId, StreamId};
use orderfold_http::{Problem, auth::Access, clock};
use serde_json::Value;

use super::{
    answer::{self, Form},
    body,
    commands::CustomerCommands,
    documents::{
        AddressBody, BlockBody, EmailBody, EraseBody, ProfileBody, RegisterBody, StandingBody,
    },
    domain::CustomerCommand,
};
use crate::{
    app::Commands,
    execution::{Call, KeyedRequest, Undecided},
    http::{answers::Reply, calls::CommandRequest, codes},
};

pub const REGISTER_CUSTOMER: Access = Access::scope("customers:write");

/// A command to a customer who exists: what it is called, who may give it, and how its body is read.
pub struct Operation {
    pub id: &'static str,
    pub access: Access,
    read: fn(&Value) -> Result<CustomerCommand, Problem>,
}

const OWN: Access = Access::scope("customers:write").or_customer();
const BUSINESS: Access = Access::scope("customers:write");

pub const UPDATE_CUSTOMER_PROFILE: Operation = Operation {
    id: "update_customer_profile",
    access: OWN,
    read: body::profile,
};
pub const CHANGE_CUSTOMER_EMAIL: Operation = Operation {
    id: "change_customer_email",
    access: BUSINESS,
    read: body::email,
};
pub const SAVE_CUSTOMER_ADDRESS: Operation = Operation {
    id: "save_customer_address",
    access: OWN,
    read: body::address_to_save,
};
pub const REMOVE_CUSTOMER_ADDRESS: Operation = Operation {
    id: "remove_customer_address",
    access: OWN,
    read: body::address_to_remove,
};
pub const BLOCK_CUSTOMER: Operation = Operation {
    id: "block_customer",
    access: BUSINESS,
    read: body::block,
};
pub const UNBLOCK_CUSTOMER: Operation = Operation {
    id: "unblock_customer",
    access: BUSINESS,
    read: body::unblock,
};
pub const ERASE_CUSTOMER: Operation = Operation {
    id: "erase_customer",
    access: BUSINESS,
    read: body::erase,
};
/// Every command to a customer who exists.
pub const OPERATIONS: [&Operation; 7] = [
    &UPDATE_CUSTOMER_PROFILE,
    &CHANGE_CUSTOMER_EMAIL,
    &SAVE_CUSTOMER_ADDRESS,
    &REMOVE_CUSTOMER_ADDRESS,
    &BLOCK_CUSTOMER,
    &UNBLOCK_CUSTOMER,
    &ERASE_CUSTOMER,
];

impl Commands {
    /// Registers a customer, by a request or by a line of one.
    pub async fn register(&self, call: &Call, body: &Value) -> Reply {
        let request = KeyedRequest::new(call, "register_customer", "", body);
        let attempt = || async {
            let customer_id = CustomerId(clock::new_id());
            let register = body::register(body, customer_id).map_err(Undecided::Refused)?;
            let decision = self.customers().register(call, register)?;
            Ok(answer::render(decision, Form::Registered, call.dry_run))
        };
        let lane = StreamId::Customer(CustomerId(call.context.correlation_id));
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }

    /// Changes a customer, by a request or by a line of one.
    pub async fn change_customer(
        &self,
        call: &Call,
        operation: &Operation,
        customer_id: CustomerId,
        body: &Value,
    ) -> Reply {
        let request = KeyedRequest::new(call, operation.id, &customer_id.to_string(), body);
        let command = match (operation.read)(body) {
            Ok(command) => command,
            Err(problem) => return Reply::from(self.executor.refused(&request, problem).await),
        };
        let form = match command {
            CustomerCommand::Erase(_) => Form::Erasing,
            _ => Form::Changed,
        };
        let attempt = || async {
            let decision = self.customers().change(call, customer_id, &command).await;
            decision
                .map(|decision| answer::render(decision, form, call.dry_run))
                .map_err(|undecided| undecided.map(|refusal| answer::refused(refusal).0))
        };
        let lane = StreamId::Customer(customer_id);
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }

    fn customers(&self) -> CustomerCommands<'_> {
        CustomerCommands {
            store: self.executor.store(),
            secrets: &self.secrets,
        }
    }

    async fn change_spawned(
        self,
        operation: &'static Operation,
        path: &RawPathParams,
        request: CommandRequest,
    ) -> Result<Reply, Problem> {
        let named = |wanted| {
            let mut names = path.iter();
            names
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        let customer_id = named("id").and_then(|id| id.parse().ok());
        let customer_id: CustomerId = customer_id.ok_or(codes::CUSTOMER_NOT_FOUND)?;
        let CommandRequest { call, mut body } = request;
        if let Some(label) = named("label") {
            add_label(&mut body, label)?;
        }
        let run = move |commands: Commands| async move {
            commands
                .change_customer(&call, operation, customer_id, &body)
                .await
        };
        self.spawned(run).await
    }
}

/// Adds the label that stands in the path to the body, so that a line of many says the same in the same words.
fn add_label(body: &mut Value, label: &str) -> Result<(), Problem> {
    let Some(members) = body.as_object_mut() else {
        return Ok(());
    };
    if members.contains_key("label") {
        let detail = "is not a member of this object: the path names it";
        return Err(Problem::invalid_field("/label", "unknown_member", detail));
    }
    members.insert("label".to_owned(), label.into());
    Ok(())
}

/// Register a customer.
#[utoipa::path(
    post, path = "/v1/customers", tag = "customers",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
        ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
    ),
    request_body = RegisterBody,
    responses(
        (status = 201, body = StandingBody, description = "Registered"),
        (status = 200, body = StandingBody, description = "What a dry run would have done"),
        (status = 409, description = "`email_taken`, `customer_reference_taken`, `idempotency_in_progress`"),
        (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
    ),
)]
pub(crate) async fn register_customer(
    State(commands): State<Commands>,
    CommandRequest { call, body }: CommandRequest,
) -> Result<Reply, Problem> {
    let run = |commands: Commands| async move { commands.register(&call, &body).await };
    commands.spawned(run).await
}

/// Declares the endpoint of a command to a customer who exists; those that change an address take its label from the
/// path.
macro_rules! endpoint {
    (
        $(#[$doc:meta])* $name:ident, $method:ident $path:literal, $operation:ident, $status:tt, $refusals:literal
        $(, body $body:ident)? $(, label $label:literal)?
    ) => {
        $(#[$doc])*
        #[utoipa::path(
            $method, path = $path, tag = "customers",
            params(
                ("id" = String, Path, description = "The customer's id"),
                $(("label" = String, Path, description = $label),)?
                ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
                ("If-Match" = Option<String>, Header, description = "The version that the caller saw"),
                ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
            ),
            $(request_body = $body,)?
            responses(
                (status = $status, body = StandingBody, description = "Done, or so already"),
                (status = 404, description = "`customer_not_found`"),
                (status = 409, description = $refusals),
                (status = 412, description = "`version_conflict`"),
                (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
            ),
        )]
        pub(crate) async fn $name(
            State(commands): State<Commands>,
            path: RawPathParams,
            request: CommandRequest,
        ) -> Result<Reply, Problem> {
            commands.change_spawned(&$operation, &path, request).await
        }
    };
}

endpoint! {
    /// Change what is known of a customer.
    update_customer_profile, patch "/v1/customers/{id}", UPDATE_CUSTOMER_PROFILE, 200,
    "`customer_erased`, `too_many_metadata`, `idempotency_in_progress`", body ProfileBody
}
endpoint! {
    /// Give a customer another e-mail address, or none; the one before is free at once.
    change_customer_email, post "/v1/customers/{id}/email", CHANGE_CUSTOMER_EMAIL, 200,
    "`email_taken`, `customer_erased`, `idempotency_in_progress`", body EmailBody
}
endpoint! {
    /// Save an address under its label; a default that it takes, another loses.
    save_customer_address, put "/v1/customers/{id}/addresses/{label}", SAVE_CUSTOMER_ADDRESS, 200,
    "`too_many_addresses`, `customer_erased`, `idempotency_in_progress`", body AddressBody, label "The label of the address"
}
endpoint! {
    /// Remove an address.
    remove_customer_address, delete "/v1/customers/{id}/addresses/{label}", REMOVE_CUSTOMER_ADDRESS, 200,
    "`address_not_found`, `customer_erased`, `idempotency_in_progress`", label "The label of the address"
}
endpoint! {
    /// Block a customer, who then places no more orders.
    block_customer, post "/v1/customers/{id}/block", BLOCK_CUSTOMER, 200,
    "`customer_erased`, `idempotency_in_progress`", body BlockBody
}
endpoint! {
    /// Unblock a customer.
    unblock_customer, post "/v1/customers/{id}/unblock", UNBLOCK_CUSTOMER, 200,
    "`customer_erased`, `idempotency_in_progress`"
}
endpoint! {
    /// Erase everything personal of a customer, for good; orders and money stay.
    erase_customer, post "/v1/customers/{id}/erase", ERASE_CUSTOMER, 202,
    "`idempotency_in_progress`", body EraseBody
}
