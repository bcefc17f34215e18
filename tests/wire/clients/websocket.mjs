// What browsers and Node from 22 on have by themselves.
import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket;
