/** Everflame's mark: a flame that is a flame graph, three rows of it. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <clipPath id="everflame-flame">
        <path d="M12.4 .8c.6 5.3 7.6 7.7 7.6 14.3a8 8 0 0 1-16 0c0-5.9 6.7-7.3 8.4-14.3Z" />
      </clipPath>
      <g clip-path="url(#everflame-flame)">
        <rect class="mark-tip" x="3" y="0" width="18" height="9.4" />
        <rect class="mark-heart" x="3" y="10.6" width="18" height="5.4" />
        <rect class="mark-ember" x="3" y="17.2" width="18" height="6" />
      </g>
    </svg>
  );
}
