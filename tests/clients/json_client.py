#!/usr/bin/env python3
"""A chat client that speaks JSON: json_client.py HOST PORT NICKNAME [ROOM]"""
import json, socket, sys, threading

host, port, user, room = (sys.argv + ["lobby"])[1:5]
server = socket.create_connection((host, int(port)))
send = lambda **fields: server.sendall(json.dumps(fields).encode() + b"\n")

def show():
    for line in server.makefile(encoding="utf-8"):
        said = json.loads(line)
        print(f"{said.get('user', said['type'])}: {said.get('text', said)}", flush=True)

shower = threading.Thread(target=show)
shower.start()
send(type="join", room=room, user=user)
for line in sys.stdin:
    send(type="command" if line.startswith("/") else "message", text=line.rstrip("\n"))
send(type="leave")
shower.join()
