//! One caller: a keep-alive HTTP/1.1 connection with one request at a time.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{self, SendRequest},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use orderfold_stack::{Result, StackError, error::Doing};
use tokio::{net::TcpStream, task::JoinHandle};

use super::{Answer, Api, Shot};

const ATTEMPTS_MAX: u64 = 20;
const PAUSE: Duration = Duration::from_millis(100);
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

    /// Sends a command under a new key and reads the whole answer. As a caller has to, it sends it again, under the
    /// same key, when it is told that there is no outcome yet.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn send(&mut self, api: &Api, shot: Shot) -> Result<Answer> {
        let key = format!("bench-{}", api.next_number());
        let mut attempts = 1;
        loop {
            let (status, body) = self.send_once(api, &shot, &key).await?;
            if status.is_success() {
                return Ok(Answer::Accepted { attempts });
            }
            if status != StatusCode::SERVICE_UNAVAILABLE || attempts == ATTEMPTS_MAX {
                let problem = String::from_utf8_lossy(&body);
                return Ok(Answer::Refused(format!("{status}: {problem}")));
            }
            attempts += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send_once(
        &mut self,
        api: &Api,
        shot: &Shot,
        key: &str,
    ) -> Result<(StatusCode, Bytes)> {
        let broken = |error: hyper::Error| {
            StackError::failed(format!("read an answer of {}", api.address), error)
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(&shot.path)
            .header(HOST, api.host.clone())
            .header(AUTHORIZATION, api.authorization.clone())
            .header(CONTENT_TYPE, JSON)
            .header("idempotency-key", key)
            .body(Full::new(shot.body.clone()))
            .map_err(|error| StackError::failed("write a request", error))?;
        self.sender.ready().await.map_err(broken)?;
        let response = self.sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(broken)?;
        Ok((status, body.to_bytes()))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
