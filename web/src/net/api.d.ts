// Made by `npm run gen-api` out of docs/openapi.json (sha256 8e7fff625a30eef98517c53c1745f94d8b60132c503219fe3faa26c0d97a9bf1): not to be changed by hand.
export interface paths {
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys that access tokens are signed with (RFC 7517). */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a JSON Web Key Set */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Mails a six-digit code. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LoginRequest"];
                };
            };
            responses: {
                /** @description a code is on its way */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LoginAnswer"];
                    };
                };
                /** @description too many codes for this address or network */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends this session; its sockets close. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description logged out */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a refresh token for its successor. The same token again, before its successor is used, gives the same answer. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RefreshRequest"];
                };
            };
            responses: {
                /** @description new tokens */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RefreshAnswer"];
                    };
                };
                /** @description not valid any more; log in again */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where one is logged in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description all sessions */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionPage"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of one's sessions; its sockets close. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the session's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description ended */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes the code and opens a session. `details[].field` of an `UNAUTHORIZED` is `otp` for a wrong code, `challenge` for one
         *     that is expired, used, unknown or exhausted.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["VerifyRequest"];
                };
            };
            responses: {
                /** @description logged in */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["VerifyAnswer"];
                    };
                };
                /** @description the code or the challenge was not accepted */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description too many tries for this address */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/client-config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Limits and features, before log-in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description limits and features */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ClientConfig"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's contacts, that is those who were accepted. */
        get: {
            parameters: {
                query?: {
                    /** @description 1 to 200 people; 50 unless given. */
                    limit?: number | null;
                    /** @description The `nextCursor` of the page before. */
                    cursor?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a page; all are `accepted` */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContactPage"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        /** Asks somebody to become a contact, or accepts if they have asked. The answer does not tell whether they see the request. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID */
                    "Idempotency-Key": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ContactRequest"];
                };
            };
            responses: {
                /** @description had asked before, or is a contact */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContactAnswer"];
                    };
                };
                /** @description asked (`outgoing`) or accepted */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContactAnswer"];
                    };
                };
                /** @description the caller blocks them: unblock first */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description the key was used for somebody else */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contacts/blocked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** People whom the caller blocks. */
        get: {
            parameters: {
                query?: {
                    /** @description 1 to 200 people; 50 unless given. */
                    limit?: number | null;
                    /** @description The `nextCursor` of the page before. */
                    cursor?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a page; all are `blocked` */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContactPage"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contacts/pending": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Requests that wait for an answer: those to the caller are `incoming`, the caller's own `outgoing`. */
        get: {
            parameters: {
                query?: {
                    /** @description 1 to 200 people; 50 unless given. */
                    limit?: number | null;
                    /** @description The `nextCursor` of the page before. */
                    cursor?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a page of both kinds */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContactPage"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contacts/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a contact for both, takes one's own request back, or declines one. Leaves a block. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the other person */
                    userId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description neither a contact nor asked any more */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contacts/{userId}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Accepts the request of somebody who has asked. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description who has asked */
                    userId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a contact now, or was one */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContactAnswer"];
                    };
                };
                /** @description no such person, or they have not asked */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contacts/{userId}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Blocks somebody, contact or not. They are not told, and nothing shows it to them. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the other person */
                    userId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description blocked now, or was */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContactAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        post?: never;
        /** Ends a block. What the two were before does not come back. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the other person */
                    userId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description not blocked any more */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's conversations, newest activity first. */
        get: {
            parameters: {
                query?: {
                    /** @description 1 to 200 rows; 50 unless given. */
                    limit?: number | null;
                    /** @description The `nextCursor` of the page before. */
                    cursor?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a page: `{data, nextCursor}` */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ConversationView"][];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        /** Opens the direct conversation with somebody, or finds it; makes a group. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OpenRequest"];
                };
            };
            responses: {
                /** @description was there */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ConversationAnswer"];
                    };
                };
                /** @description opened */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ConversationAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One conversation. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the conversation */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ConversationAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Removes a group for all. Owners only. */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description gone */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes what all see of a conversation. */
        patch: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID; becomes the entry's id */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChangeRequest"];
                };
            };
            responses: {
                /** @description changed */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EntryAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/conversations/{id}/delivered": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says that the token's device has stored everything up to `seq`. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DeliveredRequest"];
                };
            };
            responses: {
                /** @description recorded */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The raw log above a position. */
        get: {
            parameters: {
                query?: {
                    /** @description Positions above this one; 0 unless given. */
                    after?: number | null;
                    /** @description 1 to 200 entries; 50 unless given. */
                    limit?: number | null;
                };
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a stretch of the log */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EntriesAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}/leave": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Leaves a group. Where no owner would be left, the longest-standing admin or member becomes one. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID; becomes the entry's id */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description out */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes what only the caller sees of a conversation. Their other devices learn it from their own log. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PersonalChange"];
                };
            };
            responses: {
                /** @description set */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ConversationAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/conversations/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The people of a conversation. */
        get: {
            parameters: {
                query?: {
                    /** @description 1 to 200 rows; 50 unless given. */
                    limit?: number | null;
                    /** @description The `nextCursor` of the page before. */
                    cursor?: string | null;
                };
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a page: `{data, nextCursor}` */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MemberView"][];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        /** Brings people into a group, as members. Owners and admins only. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AddRequest"];
                };
            };
            responses: {
                /** @description everyone is in */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EntriesAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}/members/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Sends a member away. Owners, and admins for those who are neither. */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID; becomes the entry's id */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The conversation's id. */
                    id: string;
                    /** @description The member's id. */
                    userId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description out */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Says what a member may do. Owners only. */
        patch: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID; becomes the entry's id */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description The conversation's id. */
                    id: string;
                    /** @description The member's id. */
                    userId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RoleRequest"];
                };
            };
            responses: {
                /** @description so it is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EntryAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/conversations/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Messages as they read now, with edits and reactions applied, by position. A page may hold less than was asked for;
         *     `nextCursor` is the `before`, or `after`, of the next one, and null at the end.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The last ones below this position. */
                    before?: number | null;
                    /** @description The first ones above this position. */
                    after?: number | null;
                    /** @description 1 to 200 messages; 50 unless given. */
                    limit?: number | null;
                };
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description a page: `{data, nextCursor}`; a message is its entry with `editedAt`, `reactions` and `deleted` */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>[];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        /** Sends a message. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SendRequest"];
                };
            };
            responses: {
                /** @description was sent before; the first result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SentAnswer"];
                    };
                };
                /** @description durable on a majority */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SentAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}/messages/{messageId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a message back: for everyone one's own, for 24 hours, and in a group that one looks after anybody's. */
        delete: {
            parameters: {
                query: {
                    /** @description `me` or `everyone`. */
                    for: "me" | "everyone";
                };
                header: {
                    /** @description a UUID, the id of the deletion's entry */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                    /** @description the message's id */
                    messageId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description forgotten; a repeat gets the first result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SentAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Edits one's own message, for 15 minutes. */
        patch: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID, the id of the edit's entry */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                    /** @description the message's id */
                    messageId: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EditRequest"];
                };
            };
            responses: {
                /** @description durable on a majority; a repeat gets the first result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SentAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/conversations/{id}/messages/{messageId}/reactions/{emoji}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Puts an emoji to a message. */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID, the id of the reaction's entry */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                    /** @description the message's id */
                    messageId: string;
                    /** @description one emoji, at most 32 bytes */
                    emoji: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description durable on a majority; a repeat gets the first result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SentAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        post?: never;
        /** Takes an emoji away from a message. */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description a UUID, the id of the reaction's entry */
                    "Idempotency-Key": string;
                };
                path: {
                    /** @description the conversation's id */
                    id: string;
                    /** @description the message's id */
                    messageId: string;
                    /** @description one emoji, at most 32 bytes */
                    emoji: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description durable on a majority; a repeat gets the first result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SentAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says how far the caller has read. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the conversation's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ReadRequest"];
                };
            };
            responses: {
                /** @description recorded */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's devices. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description all devices */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DevicePage"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forgets a device: its sessions end, and it no longer holds anybody's content. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the device's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description forgotten */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Everything above the cursors of the token's device, in pages. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SyncRequest"];
                };
            };
            responses: {
                /** @description a page of news */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SyncAnswer"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/unread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the caller has not read. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description unread messages */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Unread"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Finds people. There is no list of all. */
        get: {
            parameters: {
                query: {
                    /** @description At least 2 characters: the beginning of a word of the name or of the username, or a whole mail address. */
                    q: string;
                    /** @description 1 to 50 people; 20 unless given. */
                    limit?: number | null;
                    /** @description The `nextCursor` of the page before. */
                    cursor?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description people who match */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserPage"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own profile. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the profile */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserView"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes one's own profile. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ProfilePatch"];
                };
            };
            responses: {
                /** @description the profile now */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserView"];
                    };
                };
                /** @description somebody else has the username */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/users/me/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own choices. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the choices */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Preferences"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes one's own choices. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PreferencesPatch"];
                };
            };
            responses: {
                /** @description the choices now */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Preferences"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One person's public profile. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the person's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description the profile */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserView"];
                    };
                };
                /** @description error */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Envelope"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description People to be brought in. */
        AddRequest: {
            /** @description 1 to 100 people. Those who are there already are passed over. */
            userIds: string[];
        };
        /** @description What is to be different about a conversation: one thing in a call. */
        ChangeRequest: {
            /** @description A picture; there are none yet. */
            avatarId?: string | null;
            retention?: components["schemas"]["Retention"] | null;
            /** @description Another title, 1 to 100 characters. */
            title?: string | null;
        };
        /** @description Limits and features. Clients pass over what they do not know. */
        ClientConfig: {
            /** @description What is there. */
            features: components["schemas"]["Features"];
            /** @description What is refused above. */
            limits: components["schemas"]["ClientLimits"];
            /** @description How log-in behaves. */
            login: components["schemas"]["LoginConfig"];
            /** @description For Web Push; null while there is none. */
            pushKey?: string | null;
            /**
             * Format: int32
             * @description The wire version; also `v` in a socket's `auth`.
             */
            v: number;
        };
        /** @description What is refused above. */
        ClientLimits: {
            /** @description Code points of words about oneself. */
            bioChars: number;
            /** @description Bytes of one request body. */
            bodyBytes: number;
            /**
             * Format: int64
             * @description Seconds that undelivered content is kept.
             */
            contentKept: number;
            /**
             * Format: int32
             * @description Conversations of one person.
             */
            conversations: number;
            /** @description Bytes of one frame to the socket. */
            frameBytes: number;
            /** @description Code points of a name. */
            nameChars: number;
            /** @description Code points that a search needs. */
            searchChars: number;
            /**
             * Format: int32
             * @description Sends at once.
             */
            sendsBurst: number;
            /**
             * Format: int32
             * @description Sends a second on average.
             */
            sendsPerSecond: number;
            /** @description Sockets of one person. */
            sockets: number;
            /** @description Code points of a message. */
            textChars: number;
            /** @description Characters of a username, at most. */
            usernameChars: number;
        };
        /** @description One person and what they are to the caller. */
        ContactAnswer: {
            /** @description After the call. */
            contact: components["schemas"]["ContactView"];
        };
        /** @description A page of people. */
        ContactPage: {
            /** @description The people, the newest first. */
            data: components["schemas"]["ContactView"][];
            /** @description Where the next page starts; null on the last one. */
            nextCursor?: string | null;
        };
        /** @description Whom to ask. */
        ContactRequest: {
            /**
             * Format: uuid
             * @description Not oneself.
             */
            userId: string;
        };
        /**
         * @description What somebody is to the caller.
         * @enum {string}
         */
        ContactState: "none" | "outgoing" | "incoming" | "accepted" | "blocked";
        /** @description Somebody whom the caller has to do with. */
        ContactView: {
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
            /** @description What they are to the caller. */
            state: components["schemas"]["ContactState"];
            /** @description Their public profile. */
            user: components["schemas"]["UserView"];
        };
        /** @description One conversation. */
        ConversationAnswer: {
            /** @description As the caller sees it. */
            conversation: components["schemas"]["ConversationView"];
        };
        /** @description A conversation as one person sees it. */
        ConversationView: {
            /** @description Out of the list. */
            archived: boolean;
            /** @description Picture, of kinds that have one. */
            avatarUrl?: string | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description Cursors of another epoch mean nothing. */
            epoch: string;
            /**
             * Format: int64
             * @description Every live device has stored everything up to here.
             */
            floor: number;
            /** @description The end of the log. */
            head: components["schemas"]["Position"];
            /** @description Not in the list until the next message. */
            hidden: boolean;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /** @description What sort it is. */
            kind: components["schemas"]["Kind"];
            /** @description The last entry; its `data` is null once forgotten. */
            lastEntry?: Record<string, never> | null;
            /** @description Marked as unread by hand. */
            markedUnread: boolean;
            /**
             * Format: int32
             * @description People in it.
             */
            memberCount: number;
            /** @description Up to 50 of them. */
            members: components["schemas"]["MemberView"][];
            /**
             * Format: int64
             * @description Unread messages that mention this person.
             */
            mentions: number;
            /** @description No notifications. */
            muted: boolean;
            /** @description Kept on top of the list. */
            pinned: boolean;
            /** @description How far this person has read. */
            read: components["schemas"]["Position"];
            /** @description How long content is kept. */
            retention: components["schemas"]["Retention"];
            /** @description Name in links, of kinds that have one. */
            slug?: string | null;
            /** @description Title, of kinds that have one. */
            title?: string | null;
            /**
             * Format: int64
             * @description User-visible messages above `read`.
             */
            unread: number;
        };
        /** @description "I have stored everything up to `seq`." */
        Cursor: {
            /**
             * Format: uuid
             * @description Of which conversation.
             */
            conversationId: string;
            /** @description The conversation's epoch when it was stored. */
            epoch: string;
            /**
             * Format: int64
             * @description Up to where.
             */
            seq: number;
        };
        /** @description How far the device has stored. */
        DeliveredRequest: {
            /** @description The conversation's epoch when it was stored. */
            epoch: string;
            /**
             * Format: int64
             * @description Everything up to here.
             */
            seq: number;
        };
        /** @description One's devices, the last seen first. */
        DevicePage: {
            /** @description The devices. */
            data: components["schemas"]["DeviceView"][];
            /** @description Always null: all are on one page. */
            nextCursor?: string | null;
        };
        /** @description The device that logs in. */
        DeviceRequest: {
            /**
             * Format: uuid
             * @description From an earlier log-in. One that is not this person's becomes a new one.
             */
            id?: string | null;
            /** @description What the person calls it, 1 to 64 characters. */
            name: string;
            /** @description What it is, 1 to 32 characters; `web` counts as gone after 7 days unseen, others after 30. */
            platform: string;
        };
        /** @description One installation of a client. */
        DeviceView: {
            /**
             * Format: uuid
             * @description Names it.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it last logged in or refreshed, to the hour.
             */
            lastSeenAt: string;
            /** @description What its owner calls it. */
            name: string;
            /** @description What it said it is. */
            platform: string;
        };
        /** @description Other words for a message. */
        EditRequest: {
            /** @description Styles of ranges. */
            formatting?: components["schemas"]["Format"][];
            /** @description 1 to 10 000 characters. */
            text: string;
        };
        /** @description A stretch of the log. */
        EntriesAnswer: {
            /** @description What is there, upwards. */
            data: Record<string, never>[];
            /** @description Positions that are gone for good, as first and last of each run. */
            gone: [
                number,
                number
            ][];
            /** @description Whether the log goes on. */
            more: boolean;
        };
        /** @description The entry that a change became. */
        EntryAnswer: {
            /** @description With its place in the log; null if there was nothing to change. */
            entry?: Record<string, never> | null;
        };
        /** @description Every error, as the client reads it. */
        Envelope: {
            /** @description What went wrong. */
            error: components["schemas"]["EnvelopeError"];
        };
        /** @description One field at fault. */
        EnvelopeDetail: {
            /** @description Its name as the client wrote it, `device.name` for a nested one. */
            field: string;
            /** @description What is wrong with it. */
            message: string;
        };
        /** @description What went wrong. */
        EnvelopeError: {
            /**
             * @description One of the closed set, such as `VALIDATION_ERROR`.
             * @example VALIDATION_ERROR
             */
            code: string;
            /** @description The fields at fault. */
            details: components["schemas"]["EnvelopeDetail"][];
            /** @description For a person: what is wrong and what to do. */
            message: string;
            /** @description Names the request in the server's logs. */
            requestId: string;
            /**
             * Format: int64
             * @description Seconds until another try makes sense.
             */
            retryAfter?: number | null;
            /**
             * @description When, RFC 3339.
             * @example 2026-11-21T08:00:00.000Z
             */
            timestamp: string;
        };
        /** @description What is there. */
        Features: {
            /** @description Uploads. */
            attachments: boolean;
            /** @description Log-in with a password. */
            password: boolean;
            /** @description Web Push. */
            push: boolean;
        };
        /** @description A range of the text with a style. Offsets are UTF-16 code units; `end` is not part of it. */
        Format: {
            /**
             * Format: int32
             * @description Where it ends.
             */
            end: number;
            /**
             * Format: int32
             * @description Where it starts.
             */
            start: number;
            /** @description How it looks. */
            style: components["schemas"]["Style"];
        };
        /** @description The message that this one passes on. */
        ForwardedFrom: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: uuid
             * @description Who wrote it.
             */
            senderId: string;
        };
        /**
         * @description What sort of conversation it is.
         * @enum {string}
         */
        Kind: "self" | "direct" | "group";
        /** @description A code is on its way, or would be if the address were known: the answer is the same. */
        LoginAnswer: {
            /**
             * Format: uuid
             * @description Goes into `verify`.
             */
            challenge: string;
            /**
             * Format: int64
             * @description Seconds that the code is good for.
             */
            expiresIn: number;
            /**
             * Format: int64
             * @description Seconds until another code may be asked for.
             */
            resendIn: number;
        };
        /** @description How log-in behaves. Seconds. */
        LoginConfig: {
            /**
             * Format: int64
             * @description How long an access token is good.
             */
            accessExpiresIn: number;
            /**
             * Format: int64
             * @description How long a code is good.
             */
            codeExpiresIn: number;
            /**
             * Format: int32
             * @description Tries that one code allows.
             */
            tries: number;
        };
        /** @description Who wants to come in. */
        LoginRequest: {
            /** @description From an earlier log-in on this device; gives an allowance of its own. */
            deviceToken?: string | null;
            /** @description Where the code goes. */
            email: string;
        };
        /** @description A member as others see them. */
        MemberView: {
            /**
             * Format: date-time
             * @description Since when.
             */
            joinedAt: string;
            /** @description What they may do. */
            role: components["schemas"]["Role"];
            /** @description Who. */
            user: components["schemas"]["PublicUser"];
        };
        /** @description One conversation with news. */
        News: {
            /** @description As this person sees it. */
            conversation: components["schemas"]["ConversationView"];
            /** @description What is new, upwards. */
            entries: Record<string, never>[];
            /** @description Positions that are gone for good, as first and last of each run. */
            gone: [
                number,
                number
            ][];
            /**
             * @description Positions that the client has of this conversation mean nothing any more: it keeps its messages, by their ids, forgets
             *     their positions and its cursor, and takes the log from here.
             */
            reset?: boolean;
        };
        /** @description A conversation to be made or found. `direct` wants `userId`; `group` wants `id`, `title` and `memberIds`. */
        OpenRequest: {
            /**
             * Format: uuid
             * @description Of a group: a UUID of version 7 made by the client; the same again is the same group.
             */
            id?: string | null;
            /** @description `direct` or `group`. */
            kind: components["schemas"]["Kind"];
            /** @description Of a group: everyone in it besides the caller, who owns it. */
            memberIds?: string[] | null;
            retention?: components["schemas"]["Retention"] | null;
            /** @description Of a group: 1 to 100 characters. */
            title?: string | null;
            /**
             * Format: uuid
             * @description The other person of a direct conversation.
             */
            userId?: string | null;
        };
        /** @description What is to be different for the caller alone; what is not there stays as it is. */
        PersonalChange: {
            /** @description Out of the list. */
            archived?: boolean | null;
            /** @description Not in the list until the next message. */
            hidden?: boolean | null;
            /** @description Marked as unread by hand. */
            markedUnread?: boolean | null;
            /** @description No notifications. */
            muted?: boolean | null;
            /** @description Kept on top of the list. */
            pinned?: boolean | null;
        };
        /** @description Position in a log and user-visible messages up to there. */
        Position: {
            /**
             * Format: int64
             * @description User-visible messages up to there.
             */
            count: number;
            /**
             * Format: int64
             * @description Position in the log.
             */
            seq: number;
        };
        /** @description A person's choices. */
        Preferences: {
            /** @description Whether somebody who knows the mail address finds this person by it. */
            discoverableByMail: boolean;
            /** @description Whether others see when this person was last here. */
            lastSeen: boolean;
            /** @description Whether others see what this person has read. */
            readReceipts: boolean;
            /** @description Who may open a conversation with this person. */
            whoMayMessageMe: components["schemas"]["WhoMay"];
        };
        /** @description What to change; absent fields stay. */
        PreferencesPatch: {
            /** @description Whether somebody who knows the mail address finds this person by it. */
            discoverableByMail?: boolean | null;
            /** @description Whether others see when this person was last here. */
            lastSeen?: boolean | null;
            /** @description Whether others see what this person has read. */
            readReceipts?: boolean | null;
            whoMayMessageMe?: components["schemas"]["WhoMay"] | null;
        };
        /** @description What to change: absent fields stay, `null` clears. */
        ProfilePatch: {
            /** @description 1 to 280 characters. */
            bio?: string | null;
            /** @description 1 to 64 characters. */
            name?: string | null;
            /** @description 3 to 32 characters of a-z, 0-9, `_` and `.`; unique. */
            username?: string | null;
        };
        /** @description A person as others see them. Null until set. */
        PublicUser: {
            /** @description Picture. */
            avatarUrl?: string | null;
            /** @description A few words about themself. */
            bio?: string | null;
            /**
             * Format: date-time
             * @description Since when they are here; null if that cannot be told now.
             */
            createdAt?: string | null;
            /**
             * Format: uuid
             * @description Who.
             */
            id: string;
            /** @description Display name. */
            name?: string | null;
            /** @description Unique short name. */
            username?: string | null;
        };
        /** @description How far the person has read. */
        ReadRequest: {
            /**
             * Format: int64
             * @description The `count` of the entry at that position.
             */
            count: number;
            /**
             * Format: int64
             * @description Everything up to here.
             */
            seq: number;
        };
        /** @description How far somebody else has stored and read. */
        Receipt: {
            /**
             * Format: uuid
             * @description In which conversation.
             */
            conversationId: string;
            /**
             * Format: int64
             * @description Stored up to here.
             */
            delivered: number;
            /**
             * Format: int64
             * @description Read up to here.
             */
            read: number;
            /**
             * Format: uuid
             * @description Who.
             */
            userId: string;
        };
        /** @description New tokens for old. */
        RefreshAnswer: {
            /** @description For `Authorization: Bearer`. */
            accessToken: string;
            /**
             * Format: int64
             * @description Seconds that it is good for.
             */
            expiresIn: number;
            /** @description For `refresh` the next time. */
            refreshToken: string;
        };
        /** @description The refresh token of a session. */
        RefreshRequest: {
            /** @description The last one that was given out. */
            refreshToken: string;
        };
        /** @description The message that this one answers. The excerpt comes from the client, which has the text. */
        ReplyTo: {
            /** @description The beginning of it, at most 300 characters. */
            excerpt: string;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: uuid
             * @description Who wrote it.
             */
            senderId: string;
        };
        /**
         * @description How long the server keeps what people write.
         * @enum {string}
         */
        Retention: "relay" | "archive";
        /**
         * @description What a member may do.
         * @enum {string}
         */
        Role: "member" | "admin" | "owner";
        /** @description What a member may do from now on. */
        RoleRequest: {
            /** @description `owner`, `admin` or `member`. */
            role: components["schemas"]["Role"];
        };
        /** @description A message to be sent. */
        SendRequest: {
            /** @description Uploaded files; there are none yet. */
            attachmentIds?: string[];
            /**
             * Format: uuid
             * @description Where to: wanted over a socket; over HTTP it is in the path.
             */
            conversationId?: string | null;
            /** @description Styles of ranges. */
            formatting?: components["schemas"]["Format"][];
            forwardedFrom?: components["schemas"]["ForwardedFrom"] | null;
            /**
             * Format: uuid
             * @description A UUID of version 7 made by the client; the same again is the same message.
             */
            id: string;
            /** @description People mentioned. */
            mentions?: string[];
            replyTo?: components["schemas"]["ReplyTo"] | null;
            /** @description 1 to 10 000 characters. */
            text: string;
        };
        /** @description The entry that a message became. */
        SentAnswer: {
            /** @description With its place in the log. */
            entry: Record<string, never>;
        };
        /** @description Where one is logged in, newest first. */
        SessionPage: {
            /** @description The sessions. */
            data: components["schemas"]["SessionView"][];
            /** @description Always null: all are on one page. */
            nextCursor?: string | null;
        };
        /** @description One log-in. */
        SessionView: {
            /**
             * Format: date-time
             * @description When it began.
             */
            createdAt: string;
            /** @description Whether it is the one that asks. */
            current: boolean;
            /**
             * Format: uuid
             * @description The device it runs on.
             */
            deviceId: string;
            /**
             * Format: date-time
             * @description When it ends unless refreshed.
             */
            expiresAt: string;
            /**
             * Format: uuid
             * @description Names it.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was last refreshed.
             */
            lastUsedAt: string;
        };
        /**
         * @description How a range of the text looks.
         * @enum {string}
         */
        Style: "bold" | "italic" | "strike" | "code" | "pre" | "link";
        /** @description One page of news. */
        SyncAnswer: {
            /** @description Only those with news. */
            conversations: components["schemas"]["News"][];
            /** @description Whether another call would bring more at once. */
            more: boolean;
            /** @description How far others have come, in conversations of this answer and those with the latest activity; of large ones nothing. */
            receipts: components["schemas"]["Receipt"][];
            /** @description Conversations that the client was told of or tells of, and that the person is no longer in. */
            removed: string[];
            /** @description For the next call. */
            since: string;
        };
        /** @description What a client asks. */
        SyncRequest: {
            /** @description Instead of the device's own cursors, for these conversations. */
            cursors?: components["schemas"]["Cursor"][] | null;
            /** @description The `since` of the answer before: carries on exactly there. */
            since?: string | null;
        };
        /** @description Unread messages of a person. */
        Unread: {
            /** @description In each that has any. */
            conversations: components["schemas"]["UnreadConversation"][];
            /**
             * Format: int64
             * @description In all conversations.
             */
            total: number;
        };
        /** @description Unread messages of one conversation. */
        UnreadConversation: {
            /**
             * Format: uuid
             * @description Which.
             */
            id: string;
            /**
             * Format: int64
             * @description How many; at least 1.
             */
            unread: number;
        };
        /** @description A page of people. */
        UserPage: {
            /** @description The people. */
            data: components["schemas"]["UserView"][];
            /** @description Where the next page starts; null on the last one. */
            nextCursor?: string | null;
        };
        /** @description What everybody may know of a person. */
        UserView: {
            /** @description Where their picture is. */
            avatarUrl?: string | null;
            /** @description A few words about themself. */
            bio?: string | null;
            /**
             * Format: date-time
             * @description When they first logged in.
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description Who.
             */
            id: string;
            /** @description Null until they choose one; never derived from the address. */
            name?: string | null;
            /** @description Null until they choose one; unique, lower case. */
            username?: string | null;
        };
        /** @description Somebody is in. */
        VerifyAnswer: {
            /** @description For `Authorization: Bearer`. */
            accessToken: string;
            /** @description Where. */
            device: components["schemas"]["DeviceView"];
            /** @description For `login` on this device the next time. */
            deviceToken: string;
            /**
             * Format: int64
             * @description Seconds that it is good for.
             */
            expiresIn: number;
            /** @description Whether the address was new. */
            isNewUser: boolean;
            /** @description For `refresh`. */
            refreshToken: string;
            /** @description Who. */
            user: components["schemas"]["UserView"];
        };
        /** @description The code from the mail. */
        VerifyRequest: {
            /**
             * Format: uuid
             * @description From `login`.
             */
            challenge: string;
            /** @description Where the person is. */
            device: components["schemas"]["DeviceRequest"];
            /** @description Six digits. */
            otp: string;
        };
        /**
         * @description A circle of people.
         * @enum {string}
         */
        WhoMay: "everyone" | "contacts" | "nobody";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
