import{m as i}from"./chunk-ABXUTTQ4.js";var o=i(!1);export{o as a};
