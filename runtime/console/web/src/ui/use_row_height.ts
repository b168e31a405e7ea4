import { useEffect, useState } from "preact/hooks";

const phone = matchMedia("(max-width: 760px)");

/** Rows of lists have two lines on a phone. */
export function useRowHeight(desk: number, hand: number): number {
  const [isPhone, setPhone] = useState(phone.matches);
  useEffect(() => {
    const changed = () => setPhone(phone.matches);
    phone.addEventListener("change", changed);
    return () => phone.removeEventListener("change", changed);
  }, []);
  return isPhone ? hand : desk;
}
