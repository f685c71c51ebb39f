#!/usr/bin/env python3
"""A chat client that speaks terse JSON: terse_client.py HOST PORT NAME"""
import json, socket, sys, threading

host, port, name = sys.argv[1:4]
server = socket.create_connection((host, int(port)))
send = lambda kind, data: server.sendall(json.dumps({"type": kind, "data": data}).encode())

def show():
    while received := server.recv(1024):
        said = json.loads(received)  # the server sends one object at a time, with pauses
        print(f"{said.get('from', '*')}: {said['data']}", flush=True)

send("join", name)
shower = threading.Thread(target=show)
shower.start()
for line in sys.stdin:
    send("chat", line.rstrip("\n"))
server.shutdown(socket.SHUT_WR)
shower.join()
