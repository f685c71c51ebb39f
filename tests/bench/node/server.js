// A chat room on the `ws` package, to be measured beside our server: node server.js WAY.
//
// It says what our server says in JSON. Nothing else is done: no names are checked, and nothing is limited.
// WAY is how a line reaches all clients of a room:
//   each   as usual: the package makes a frame for each client.
//   shared one frame is made for all, and written to each socket.
//   turns  the frames of all lines that arrive in a turn of the event loop are written together.
'use strict';

const { WebSocketServer, Sender } = require('ws');

const FRAME = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true };

class Room {
  constructor() {
    this.clients = new Set();
    this.waiting = [];
  }
}

const ways = {
  each(room, line) {
    for (const client of room.clients) client.send(line);
  },
  shared(room, line) {
    const frame = framed(line);
    for (const client of room.clients) client._socket.write(frame);
  },
  turns(room, line) {
    if (room.waiting.push(framed(line)) > 1) return;
    setImmediate(() => {
      const frames = Buffer.concat(room.waiting);
      room.waiting = [];
      for (const client of room.clients) client._socket.write(frames);
    });
  },
};

function framed(line) {
  return Buffer.concat(Sender.frame(Buffer.from(line), FRAME));
}

const publish = ways[process.argv[2]];
const rooms = new Map();
let seq = 0;

function join(client, { user, room }) {
  client.room?.clients.delete(client);
  if (!rooms.has(room)) rooms.set(room, new Room());
  client.user = user;
  client.roomName = room;
  client.room = rooms.get(room);
  client.room.clients.add(client);
  client.send(JSON.stringify({ type: 'system', text: `Welcome! You are ${user}.` }));
}

function hear(client, data) {
  const { type, ...rest } = JSON.parse(data);
  if (type === 'join') return join(client, rest);
  seq += 1;
  const line = { type: 'message', room: client.roomName, user: client.user, text: rest.text, seq };
  publish(client.room, JSON.stringify(line));
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  backlog: 4096,
  perMessageDeflate: false,
  clientTracking: false,
  skipUTF8Validation: true,
});
server.on('connection', (client) => {
  client.on('message', (data) => hear(client, data));
  client.on('close', () => client.room?.clients.delete(client));
  client.on('error', () => {});
});
server.on('listening', () => console.log(`Listening on 127.0.0.1:${server.address().port}`));
