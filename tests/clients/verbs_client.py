#!/usr/bin/env python3
"""A chat client that speaks verbs: verbs_client.py HOST PORT NICKNAME [ROOM]"""
import socket, sys, threading

host, port, user, room = (sys.argv + ["main"])[1:5]
server = socket.create_connection((host, int(port)))
send = lambda line: server.sendall(f"{line}\n".encode())

def show():
    for line in server.makefile(encoding="utf-8"):
        print(line.removeprefix("MSG FROM ").removeprefix("MSG "), end="", flush=True)

shower = threading.Thread(target=show)
shower.start()
send(f"HELLO {room}:{user}")
for line in sys.stdin:
    send(f"SEND {room}:{user} {line.rstrip()}")
send("QUIT")
shower.join()
