// Types of the search box.

/** How sure the server is of its answer. */
export type Decision = 'answer' | 'candidates' | 'no_answer';

/** What the page knows; listed in the ticket form and sent along with a ticket. At most 20 names besides these three. */
export interface HostContext {
  product?: string;
  version?: string;
  plan?: string;
  [name: string]: string | number | boolean | undefined;
}

/** Who is signed in on the page. */
export interface SignedUser {
  /** Your own name for the user. */
  id?: string;
  /** HMAC-SHA256 over the id with the site's `user_secret`, in hexadecimal, made on your server. */
  signature?: string;
  /** Fill in the ticket form. */
  name?: string;
  email?: string;
}

/** A search that is about to be made; `preventDefault()` stops it. */
export interface SearchDetail {
  query: string;
  trigger: 'typed' | 'enter' | 'suggested';
}

/** A reply that is shown. */
export interface AnsweredDetail {
  query: string;
  query_id: string;
  decision: Decision;
  /** Probability, 0 to 1, that the hits answer the question. */
  confidence: number;
  /** Articles that match at all. */
  total: number;
}

/** A ticket that was sent. */
export interface TicketDetail {
  reference: string;
  status_url?: string;
}

/** The element `<zerodesk-search>`. */
export declare class SearchBox extends HTMLElement {
  /** Opens the box and moves the focus to its field. */
  open(): Promise<void>;
  /** Closes it. */
  close(): void;
  /** Moves the focus to its field. */
  focus(options?: FocusOptions): Promise<void>;
  /** Searches as if the visitor had typed it. */
  search(query: string): Promise<void>;
  /** What the page knows: sent along with a ticket. */
  context(known: HostContext): void;
  /** Who is signed in: fills the ticket form in, and vouches for the visitor. */
  identify(user: SignedUser): void;
  /** The visitor took another way to a person, such as `phone` or `chat`: for the figures. */
  contacted(channel: string): Promise<void>;
}

/** Attributes of the element; all are optional. */
export interface SearchBoxAttributes {
  /** Address of the help centre. */
  server?: string;
  /** Site key. */
  site?: string;
  /** A dialog with a button that opens it, instead of a field in the page. */
  modal?: boolean | '';
  /** CSS selector of elements of the page that open it; with `modal`, in place of its own button. */
  trigger?: string;
  /** Fetch the box only when a pointer, the focus or the shortcut comes near. */
  loading?: 'lazy';
  /** Such as `mod+k`; `off` for none. */
  hotkey?: string;
  /** Remember recent searches in this browser. */
  recent?: boolean | '';
  /** `off`: no articles about the page before anything is typed. */
  suggest?: 'off';
  placeholder?: string;
  value?: string;
  product?: string;
  kind?: string;
  tag?: string;
  limit?: number | string;
  theme?: 'light' | 'dark' | 'auto';
}

declare global {
  interface HTMLElementTagNameMap {
    'zerodesk-search': SearchBox;
  }
  interface HTMLElementEventMap {
    'zerodesk:search': CustomEvent<SearchDetail>;
    'zerodesk:answered': CustomEvent<AnsweredDetail>;
    'zerodesk:ticket': CustomEvent<TicketDetail>;
  }
}
