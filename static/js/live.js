// The live connection, a script of its own: only pages that show what changes by itself load it (see net/live.js).
import { connect } from "./net/live.js";

window.MatineeLive = connect;
