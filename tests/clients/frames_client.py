#!/usr/bin/env python3
"""A chat client that speaks binary frames: frames_client.py HOST PORT NICKNAME [KEY]"""
import hmac, json, socket, struct, sys, threading, zlib

host, port, nick, key = (sys.argv + ["default-key"])[1:5]
server = socket.create_connection((host, int(port)))
stream, over, lock = server.makefile("rb"), threading.Event(), threading.Lock()
HEAD = struct.Struct(">8sHHIIQI32s")  # magic, version, type, length and CRC-32 of header and content, HMAC
sign = lambda signed: hmac.digest(key.encode(), signed, "sha256")

def send(kind, content):
    header, content = json.dumps({"type": kind, "session_id": session}).encode(), content.encode()
    parts = len(header), zlib.crc32(header), len(content), zlib.crc32(content), sign(header + content)
    with lock:
        server.sendall(HEAD.pack(b"\x89PNG\x0e\x0b\x1b\x0b", 1, 0, *parts) + header + content)

def receive():
    _, _, _, header_length, _, length, _, signature = HEAD.unpack(stream.read(HEAD.size))
    header, content = stream.read(header_length), stream.read(length)
    assert hmac.compare_digest(signature, sign(header + content)), "the server has another key"
    return json.loads(header), content.decode()

def ping():
    while not over.wait(5):
        send("heartbeat", "ping")

def talk():
    send("message", "/nick " + nick)
    for line in filter(str.strip, sys.stdin):
        send("message", line)
    send("disconnect", "{}")

session = receive()[0]["session_id"]
send("session_ack", "ok")
for job in ping, talk:
    threading.Thread(target=job, daemon=True).start()
while not over.is_set():
    header, content = receive()
    if header["type"] != "heartbeat":
        print(content, flush=True)
    if header["type"] == "disconnect":
        over.set()
