//! What is printed when everything is ready: where it is, and a first request to try.

use orderfold_stack::local::{ConnectionDetails, LocalStack};

use crate::console;

pub fn print(connection: &ConnectionDetails, here: &LocalStack) {
    let command = connection.command_urls.join(", ");
    let query = connection.query_urls.join(", ");
    let first = |urls: &[String]| urls.first().cloned().unwrap_or_default();
    let env = here.env_file();
    console::say(&format!(
        "\n\
         Everything is up.\n\n\
         \x20 command API   {command}   (try it at {}/docs)\n\
         \x20 query API     {query}   (try it at {}/docs)\n\
         \x20 environment   {}   (`source` it: addresses, and TOKEN for every scope)\n\n\
         A token for a service with every scope:\n\n{}\n\n\
         A first look at the demo's orders:\n\n\
         \x20 source {}\n\
         \x20 curl -s -H \"Authorization: Bearer $TOKEN\" \"$QUERY_URL/v1/orders?limit=3\"\n",
        first(&connection.command_urls),
        first(&connection.query_urls),
        env.display(),
        connection.token,
        env.display(),
    ));
}
