// hls.js as a script of its own: fetched beside the player's, needed only where segments are played through MSE.
import Hls from "hls.js";

window.MatineeHls = Hls;
document.dispatchEvent(new Event("matinee:hls"));
