//! One caller: a keep-alive HTTP/1.1 connection with one request at a time.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    client::conn::http1::{self, SendRequest},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use orderfold_stack::{Result, StackError, error::Doing};
use tokio::{net::TcpStream, task::JoinHandle};

use super::{Answer, Api, Shot};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Connection {
    /// # Errors
    /// When nobody listens.
    pub async fn open(api: &Api) -> Result<Self> {
        let connecting = || format!("connect to {}", api.address);
        let stream = TcpStream::connect(api.address).await.doing(connecting)?;
        stream.set_nodelay(true).doing(connecting)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| StackError::failed(connecting(), error))?;
        let driver = tokio::spawn(async move {
            // Whoever sends on it learns of its end.
            let _ended = connection.await;
        });
        Ok(Self { sender, driver })
    }

    /// Sends a command under a new key and reads the whole answer.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn send(&mut self, api: &Api, shot: Shot) -> Result<Answer> {
        let broken = |error: hyper::Error| {
            StackError::failed(format!("read an answer of {}", api.address), error)
        };
        let key = format!("bench-{}", api.next_number());
        let request = Request::builder()
            .method(Method::POST)
            .uri(shot.path)
            .header(HOST, api.host.clone())
            .header(AUTHORIZATION, api.authorization.clone())
            .header(CONTENT_TYPE, JSON)
            .header("idempotency-key", key)
            .body(Full::new(shot.body))
            .map_err(|error| StackError::failed("write a request", error))?;
        self.sender.ready().await.map_err(broken)?;
        let response = self.sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(broken)?
            .to_bytes();
        Ok(if status.is_success() {
            Answer::Accepted
        } else {
            Answer::Refused(format!("{status}: {}", String::from_utf8_lossy(&body)))
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
