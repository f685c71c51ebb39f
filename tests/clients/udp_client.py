#!/usr/bin/env python3
"""A chat client that speaks JSON over UDP: udp_client.py HOST PORT NICKNAME [ROOM]"""
import itertools, json, random, socket, sys, threading

host, port, user, room = (sys.argv + ["lobby"])[1:5]
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.connect((host, int(port)))
ids = itertools.count(random.randrange(2**32))  # another client at the same port repeats no number
acked, over = {}, threading.Event()

def send(**fields):  # sends again until it is acknowledged, after waits that double
    number = next(ids)
    acked[number] = threading.Event()
    for wait in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2):
        server.send(json.dumps(dict(fields, id=number)).encode())
        if acked[number].wait(wait):
            return
    sys.exit("The server does not answer.")

def show():
    while not over.is_set():
        said = json.loads(server.recv(2048))
        if said["type"] == "ack":
            acked[said["id"]].set()
        else:
            print(f"{said.get('user', said['type'])}: {said.get('text', said)}", flush=True)
        if said.get("event") in ("goodbye", "shutting_down"):
            over.set()

def live():  # the server disconnects a client that is silent for too long
    while not over.wait(30):
        server.send(b"")

for job in (show, live):
    threading.Thread(target=job, daemon=True).start()
send(type="join", room=room, user=user)
for line in sys.stdin:
    send(type="command" if line.startswith("/") else "message", text=line.rstrip("\n"))
send(type="leave")
over.wait(5)
