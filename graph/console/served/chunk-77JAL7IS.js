import{m as i}from"./chunk-5SUUL3XH.js";var o=i(!1);export{o as a};
