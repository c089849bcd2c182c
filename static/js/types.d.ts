// Names that scripts find on the window, and answers of the server (see CONTRACT "Playback").
import type Hls from "hls.js";

declare global {
  interface Window {
    MatineeHls?: typeof Hls;
    MatineeLive?: typeof import("./net/live").connect;
    webkitAudioContext?: typeof AudioContext;
  }
  interface HTMLVideoElement {
    webkitEnterFullscreen?: () => void;
    webkitShowPlaybackTargetPicker?: () => void;
  }
  interface Document {
    webkitFullscreenElement?: Element;
    webkitExitFullscreen?: () => void;
  }
  interface HTMLElement {
    webkitRequestFullscreen?: () => void;
  }
}

export interface Rendition {
  name: string;
  width: number;
  height: number;
  bit_rate: number;
  method: string;
  master: string;
}

export interface Track {
  id?: number | string;
  index?: number;
  name?: string;
  title?: string | null;
  language?: string | null;
  codec?: string | null;
  channels?: number | null;
  default?: boolean;
  forced?: boolean;
  hearing_impaired?: boolean;
  image?: boolean;
  url?: string | null;
  external?: boolean;
  [key: string]: unknown;
}

export interface Chapter {
  start: number;
  end?: number;
  title?: string | null;
}

export interface Plan {
  session_id: string;
  method: "direct" | "remux" | "transcode";
  reasons: { stream: string; code: string; detail: string }[];
  url: string;
  hls_url: string;
  ladder_url?: string | null;
  media_file_id?: number;
  parts?: number;
  next_media_file_id?: number | null;
  mime_type: string;
  expires_in: number;
  duration: number;
  position: number;
  source: { codec: string; width: number; height: number } | null;
  renditions: Rendition[];
  audio_tracks: Track[];
  subtitle_tracks: Track[];
  chapters: Chapter[];
  trickplay_url?: string | null;
  markers: { kind: string; start: number; end: number }[];
}

export interface DeviceProfile {
  direct: string[];
  hls: string[];
  hdr: string[];
  max_channels: number;
  max_height: number;
  max_bit_rate: number;
}
