#!/usr/bin/env python3
"""A chat client that speaks JSON over WebSocket, as the chat page does: websocket_client.py HOST PORT NICKNAME [ROOM]"""
import base64, json, os, socket, struct, sys, threading

host, port, user, room = (sys.argv + ["lobby"])[1:5]
server = socket.create_connection((host, int(port)))
stream = server.makefile("rb")

def send_frame(kind, payload):  # a client masks what it sends (RFC 6455, section 5.3)
    mask, length = os.urandom(4), len(payload)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    server.sendall(bytes([0x80 | kind]) + size + mask + masked)

def send(**fields):
    send_frame(1, json.dumps(fields).encode())

def read_frame():
    first, length = stream.read(2)
    if length >= 126:
        length = int.from_bytes(stream.read(2 if length == 126 else 8), "big")
    return first & 15, stream.read(length)

def show():
    while True:
        kind, payload = read_frame()
        if kind == 1:
            said = json.loads(payload)
            print(f"{said.get('user', said['type'])}: {said.get('text', said)}", flush=True)
        elif kind == 8:  # the end, which is answered with the same
            return send_frame(8, payload)
        elif kind == 9:  # a ping, which is answered with a pong
            send_frame(10, payload)

key = base64.b64encode(os.urandom(16)).decode()
server.sendall(f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
if b" 101 " not in stream.readline():
    sys.exit("The server does not speak WebSocket here.")
while stream.readline().strip():
    pass
shower = threading.Thread(target=show)
shower.start()
send(type="join", room=room, user=user)
for line in sys.stdin:
    send(type="command" if line.startswith("/") else "message", text=line.rstrip("\n"))
send(type="leave")
shower.join()
