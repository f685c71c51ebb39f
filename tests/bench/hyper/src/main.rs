//! Answers `POST /clients/register` and `POST /messages/send` as the chat server does, and does nothing else.

use std::{
    collections::HashSet,
    convert::Infallible,
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{AUTHORIZATION, CONTENT_TYPE},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// All that it knows.
#[derive(Default)]
struct Floor {
    tokens: Mutex<HashSet<String>>,
    seq: AtomicU64,
}

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_io().build()?.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("Listening on {}", listener.local_addr()?);
    let floor = Arc::new(Floor::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let floor = Arc::clone(&floor);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&floor, request));
            // It fails when the client hangs up.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(floor: &Floor, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(json_response(StatusCode::BAD_REQUEST, &json!({}))),
    };
    let Ok(fields) = serde_json::from_slice::<Value>(&body) else {
        return Ok(json_response(StatusCode::BAD_REQUEST, &json!({})));
    };
    let token =
        head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    Ok(match (&head.method, head.uri.path()) {
        (&Method::POST, "/clients/register") => floor.register(&fields),
        (&Method::POST, "/messages/send") => floor.send(token, &fields),
        _ => json_response(StatusCode::NOT_FOUND, &json!({})),
    })
}

impl Floor {
    fn register(&self, fields: &Value) -> Response<Full<Bytes>> {
        let token = format!("token-of-{}", fields["client_name"]).replace('"', "");
        self.tokens.lock().expect("no holder panics").insert(token.clone());
        json_response(StatusCode::CREATED, &json!({"client_id": fields["client_name"], "token": token}))
    }

    fn send(&self, token: Option<&str>, fields: &Value) -> Response<Full<Bytes>> {
        let is_known =
            token.is_some_and(|token| self.tokens.lock().expect("no holder panics").contains(token));
        if !is_known || !fields["message_data"].is_string() {
            return json_response(StatusCode::UNAUTHORIZED, &json!({}));
        }
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        json_response(StatusCode::ACCEPTED, &json!({"seq": seq, "chat_room": fields["chat_room"]}))
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("it is a header's value"));
    response
}
