//! One caller: a keep-alive HTTP/1.1 connection with one request at a time.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
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

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn send(&mut self, api: &Api, shot: Shot) -> Result<Answer> {
        let (attempts, answer) = self.settle(api, &shot).await?;
        Ok(if answer.status().is_success() {
            Answer::Accepted { attempts }
        } else {
            Answer::Refused(refusal(&answer))
        })
    }

    /// The same, for somebody who needs the answer.
    ///
    /// # Errors
    /// When there is no whole answer, or a refusal.
    pub async fn ask(&mut self, api: &Api, shot: Shot) -> Result<Response<Bytes>> {
        let (_attempts, answer) = self.settle(api, &shot).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let asking = format!("{} {}", shot.method, shot.path);
        Err(StackError::failed(asking, refusal(&answer)))
    }

    /// As a caller has to, it sends a request again, under the same key, when it is told that there is no outcome yet.
    async fn settle(&mut self, api: &Api, shot: &Shot) -> Result<(u64, Response<Bytes>)> {
        let key = format!("bench-{}", api.next_number());
        let mut attempts = 1;
        loop {
            let answer = self.send_once(api, shot, &key).await?;
            if answer.status() != StatusCode::SERVICE_UNAVAILABLE || attempts == ATTEMPTS_MAX {
                return Ok((attempts, answer));
            }
            attempts += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send_once(&mut self, api: &Api, shot: &Shot, key: &str) -> Result<Response<Bytes>> {
        let broken = |error: hyper::Error| {
            StackError::failed(format!("read an answer of {}", api.address), error)
        };
        let mut request = Request::builder()
            .method(shot.method.clone())
            .uri(&shot.path)
            .header(HOST, api.host.clone())
            .header(AUTHORIZATION, api.authorization.clone())
            .body(Full::new(shot.body.clone()))
            .map_err(|error| StackError::failed("write a request", error))?;
        let headers = request.headers_mut();
        headers.extend(shot.headers.clone());
        if shot.method != Method::GET {
            let key = HeaderValue::from_str(key)
                .map_err(|error| StackError::failed("write a request", error))?;
            headers.insert(CONTENT_TYPE, JSON);
            headers.insert("idempotency-key", key);
        }
        self.sender.ready().await.map_err(broken)?;
        let response = self.sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(broken)?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

fn refusal(answer: &Response<Bytes>) -> String {
    let problem = String::from_utf8_lossy(answer.body());
    format!("{}: {problem}", answer.status())
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
